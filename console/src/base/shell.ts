// The frame of each page: the marking, who works here, where one can go, what has arrived where,
// and what just happened. Draws the page that belongs to the path.
import { type Child, append, h, replace, visible } from "./h";
import { CommandFailed, ConsoleGone, SessionEnded, StoreLocked, type Session, isLocked, lock,
    lockedEvent, session as askSession } from "./client";
import { type Page, type Route, allowed, matched } from "./page";
import { type Banner, banner, button, buttons, errorSummary, heading, link, para } from "./parts";
import { flush, unkept } from "./typed";
import { areaField } from "./fields";
import { submitForm } from "./submit";
import { sessionPage, lockedPage, gonePage } from "./locked";
import { syncBar, refreshSync } from "./syncbar";
import { capital, listed, roleName } from "./words";

const lockLook_ms = 5_000;
const marking = "OFFICIAL-SENSITIVE";

let routes: readonly Route[] = [];
let session: Session | null = null;
let drawing = 0;
let shownRoute: Route | null = null;
let holding = false;
let waiting: Banner | null = null;
const reasons = new Map<string, string>();

const live = h("div.govuk-visually-hidden", { role: "status", "aria-live": "polite" });
const main = h("main.govuk-main-wrapper", { id: "main", tabindex: -1 });
const frame = h("div.daybook-frame");

/** Told to whoever can't see what has changed. */
export function say(words: string): void {
    live.textContent = "";
    setTimeout(() => (live.textContent = words), 50);
}

// ---- going about -------------------------------------------------------------

export function go(path: string, notice?: Banner): void {
    history.pushState(null, "", path);
    void show(notice, true);
}

/** After an exchange. A page that is being typed into stays: it would take the reader's place. */
function exchanged(notice: Banner): void {
    if (shownRoute?.typed !== true) return redraw(notice);
    main.querySelector(".govuk-notification-banner")?.remove();
    main.prepend(banner({ ...notice, success: false }));
    void refreshSync();
}

/** The page again, after something was done; `notice` says what. */
export function redraw(notice?: Banner): void {
    void show(notice, notice === undefined);
}

function onClick(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = (event.target as Element).closest("a");
    const href = anchor?.getAttribute("href");
    if (!anchor || !href || !href.startsWith("/") || anchor.hasAttribute("download")) return;
    event.preventDefault();
    go(href);
}

// ---- the frame -------------------------------------------------------------

function navigation(path: string): Child {
    const items = routes.filter((r) => r.menu !== undefined && allowed(r, session?.role));
    if (items.length === 0) return null;
    const first = (p: string) => p.split("/")[1];
    const menu = h("ul.govuk-service-navigation__list", { id: "menu" }, items.map((route) => {
        const here = route.path === path;
        const within = first(route.path) === first(path);
        return h(`li.govuk-service-navigation__item${
            within ? ".govuk-service-navigation__item--active" : ""}`,
            h("a.govuk-service-navigation__link",
                { href: route.path, "aria-current": here ? "page" : within ? "true" : null },
                within ? h("strong.govuk-service-navigation__active-fallback", route.menu)
                    : route.menu));
    }));
    const toggle = h("button.govuk-service-navigation__toggle", {
        type: "button",
        "aria-controls": "menu",
        "aria-expanded": "false",
        onclick: () => {
            const open = menu.classList.toggle("daybook-menu--open");
            toggle.setAttribute("aria-expanded", String(open));
        },
    }, "Menu");
    return h("div.govuk-service-navigation",
        h("div.govuk-width-container",
            h("div.govuk-service-navigation__container",
                h("nav.govuk-service-navigation__wrapper", { "aria-label": "Menu" },
                    toggle, menu))));
}

function who(s: Session): Child {
    return [
        h("span.daybook-header__who", h("bdi", s.name), s.role ? `, ${roleName(s.role)}` : ""),
        h("span.daybook-header__spaces",
            listed(s.spaces.filter((x) => !x.over).map((x) => visible(x.name)))),
    ];
}

function header(): HTMLElement {
    const open = session !== null && !session.locked;
    return h("div.govuk-generic-header.daybook-header",
        h("div.govuk-width-container.daybook-header__row",
            h("div.govuk-generic-header__logo",
                h("a.govuk-generic-header__homepage-link", { href: "/" }, "Daybook")),
            open && session ? h("div.daybook-header__people", who(session)) : null,
            open ? button("Lock", () => void lockNow(), "secondary",
                { class: "govuk-button govuk-button--inverse daybook-lock" }) : null));
}

function drawFrame(path: string): void {
    const open = session !== null && !session.locked;
    replace(frame,
        h("a.govuk-skip-link", {
            href: "#main",
            onclick: (event: Event) => {
                event.preventDefault();
                main.focus();
            },
        }, "Skip to main content"),
        h("header",
            h("div.daybook-marking", marking),
            header(),
            open ? navigation(path) : null,
            open ? syncBar({ exchanged, say }) : null),
        h("div.govuk-width-container", main),
        live,
        h("footer.daybook-foot",
            h("div.govuk-width-container",
                `Daybook ${session?.version ?? ""}. On this machine only: nothing on this page `,
                "comes from, or goes to, anywhere else."),
            h("div.daybook-marking", marking)));
}

// ---- drawing -------------------------------------------------------------

function routeOf(path: string): { route: Route; params: Record<string, string> } | null {
    for (const route of routes) {
        const params = matched(route.path, path);
        if (params !== null && allowed(route, session?.role)) return { route, params };
    }
    return null;
}

function home(): string {
    const first = routes.find((r) => r.menu !== undefined && allowed(r, session?.role));
    return first?.path ?? "/records";
}

/** Asks why somebody looks: it goes into the log of the restricted space. */
function askReason(path: string): Child {
    const form = submitForm([
        areaField({ name: "reason", label: "Why do you look at this?",
            hint: "Your words go into the log of the restricted space, with your name." }),
    ], "Continue", (answer) => {
        reasons.set(path, answer("reason"));
        redraw();
    }, { needed: { reason: "Say why you look at this" } });
    return [heading(1, "This is in a restricted space"), form];
}

/** For pages that list: whether restricted spaces are looked into as well, and why. */
export function restrictedSpaces(page: Page): Child {
    if (!page.session.spaces.some((s) => s.restricted)) return null;
    const path = location.pathname;
    if (page.reason !== undefined) {
        return h("div.govuk-inset-text",
            h("p.govuk-body", h("strong", "Restricted spaces are looked into too. "),
                "Your reason: ", h("bdi", page.reason)),
            button("Leave them out", () => {
                reasons.delete(path);
                redraw();
            }));
    }
    return h("details.govuk-details",
        h("summary.govuk-details__summary",
            h("span.govuk-details__summary-text", "Restricted spaces are left out")),
        h("div.govuk-details__text",
            submitForm([areaField({ name: "restricted-reason", label: "Why do you look into them?",
                hint: "Your words go into the log of those spaces, with your name." })],
            "Look into them too", (answer) => {
                reasons.set(path, answer("restricted-reason"));
                redraw();
            }, { needed: { "restricted-reason": "Say why you look into them" } })));
}

function failed(error: unknown, path: string): Child {
    if (error instanceof CommandFailed && error.wantsReason) return askReason(path);
    if (error instanceof ConsoleGone) return gonePage();
    const words = error instanceof Error ? error.message : String(error);
    return [
        heading(1, "This page can't be shown"),
        errorSummary("What Daybook says", [{ words: capital(words) }]),
        buttons(button("Try again", () => redraw(), "primary"), link("/", "Go to the first page")),
    ];
}

function notFound(): Child {
    return [
        heading(1, "There is no such page"),
        para("It may be for another role than yours, or the address is not whole."),
        para(link("/", "Go to the first page")),
    ];
}

/** Draws what belongs to the path. `arrive`: the reader begins at its heading. */
async function show(notice: Banner | undefined, arrive: boolean): Promise<void> {
    const mine = (drawing += 1);
    main.setAttribute("aria-busy", "true");
    if (notice !== undefined) waiting = notice;
    try {
        session ??= await askSession();
    } catch (error) {
        session = null;
        if (mine === drawing) alone(error instanceof ConsoleGone ? gonePage() : sessionPage());
        return;
    }
    if (mine !== drawing) return;
    if (session.locked) {
        alone(lockedPage(() => location.reload()));
        return;
    }
    if (location.pathname === "/") history.replaceState(null, "", home());
    const path = location.pathname;
    const found = routeOf(path);
    let content: Child;
    try {
        const page: Page = { params: found?.params ?? {}, session, reason: reasons.get(path),
            query: new URLSearchParams(location.search) };
        content = found ? await found.route.draw(page) : notFound();
    } catch (error) {
        if (mine !== drawing) return;
        if (error instanceof StoreLocked) return;
        if (error instanceof SessionEnded) return alone(sessionPage());
        content = failed(error, path);
    }
    if (mine !== drawing) return;
    place(found?.route ?? null, content, arrive);
    void refreshSync();
}

function place(route: Route | null, content: Child, arrive: boolean): void {
    shownRoute = route;
    document.title = `${route?.title ?? "Not found"} - Daybook`;
    drawFrame(route?.path ?? "");
    const notice = waiting === null ? null : banner(waiting);
    waiting = null;
    replace(main, notice, content);
    main.removeAttribute("aria-busy");
    const begin = notice ?? main.querySelector("h1");
    if (arrive) window.scrollTo(0, 0);
    if (notice !== null || arrive) (begin as HTMLElement | null)?.focus({ preventScroll: true });
    if (notice !== null) notice.scrollIntoView({ block: "nearest" });
}

/** A page without a session, or with a locked store: nothing of the store is on it. */
function alone(content: Child): void {
    document.title = "Daybook";
    drawFrame("");
    replace(main, content);
    main.removeAttribute("aria-busy");
    (main.querySelector("input") ?? main.querySelector("h1"))?.focus();
}

// ---- locking -------------------------------------------------------------

/** Locks, and begins anew: nothing that was shown stays in the memory of the page. */
export async function lockNow(): Promise<void> {
    await flush().catch(() => undefined);
    try {
        await lock();
    } finally {
        beginAnew();
    }
}

/** Nothing that was shown stays in the memory of the page, but for words that the store was locked
 * before: they are kept as soon as it is open again. */
function beginAnew(): void {
    if (!unkept()) return location.reload();
    if (holding) return;
    holding = true;
    session = null;
    alone(lockedPage(async () => {
        await flush();
        location.reload();
    }, true));
}

/** The store locks itself when nothing was asked of it for a time: then nothing stays shown. */
async function watchLock(): Promise<void> {
    if (session === null || session.locked) return;
    try {
        if (await isLocked()) beginAnew();
    } catch {
        if (!unkept()) location.reload();
    }
}

let unfolded: HTMLDetailsElement[] = [];

/** What is folded away belongs on the paper too: nobody can press it there. */
function unfold(): void {
    unfolded = [...main.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
    for (const box of unfolded) box.open = true;
}

function foldAgain(): void {
    for (const box of unfolded) box.open = false;
    unfolded = [];
}

export function start(all: readonly Route[]): void {
    routes = all;
    window.addEventListener("beforeprint", unfold);
    window.addEventListener("afterprint", foldAgain);
    append(document.body, frame);
    document.addEventListener("click", onClick);
    window.addEventListener("popstate", () => void show(undefined, true));
    window.addEventListener("pageshow", (event) => {
        if (event.persisted) location.reload();
    });
    document.addEventListener("visibilitychange", () => void watchLock());
    setInterval(() => void watchLock(), lockLook_ms);
    window.addEventListener(lockedEvent, beginAnew);
    void show(undefined, true);
}

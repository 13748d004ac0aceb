// What the tests of the pages share: programs, a browser, and what must hold on every page.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import test, { after } from "node:test";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";

function needed(name: string): string {
    const value = process.env[name];
    assert(value, `${name} is set by kit.sh`);
    return value;
}

const folder = needed("T");
const daybook = needed("DAYBOOK");
const axe = readFileSync(needed("AXE"), "utf8");

/** What the script told: ids by name. */
export const told: Readonly<Record<string, string>> = Object.fromEntries(
    readFileSync(`${folder}/told`, "utf8").split("\n").filter((l) => l.includes("=")).map((l) =>
        [l.slice(0, l.indexOf("=")), l.slice(l.indexOf("=") + 1)] as const));

export function passphraseOf(device: string): string {
    return readFileSync(`${folder}/${device}.pass`, "utf8").trim();
}

const storeInUse = 17;
const waitsForSecond = 20;
/** How long a page may take on a machine that others keep busy: no test is of its speed. */
const patience_ms = 120_000;
/** Some 75 characters, and what stands around them. */
const lineMax_em = 38;

function terminal(wanted: number, device: string, args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(daybook, ["--store", `${folder}/${device}`,
        "--passphrase-file", `${folder}/${device}.pass`, "--json", ...args], { encoding: "utf8" });
    if (status === storeInUse) return terminal(wanted, device, args); // by a page: milliseconds
    assert.equal(status, wanted, `daybook ${args.join(" ")}: ${stderr}`);
    return stdout;
}

/** What only a second administrator makes happen. */
export function proposes(device: string, ...args: string[]): void {
    terminal(waitsForSecond, device, args);
}

/** `daybook` on a device, as in a terminal: the lines that it prints. */
export function on<Line>(device: string, ...args: string[]): Line[] {
    const stdout = terminal(0, device, args);
    return stdout.split("\n").filter((l) => l !== "").map((l) => JSON.parse(l) as Line);
}

// ---- programs and the browser ------------------------------------------------------------------

const children: ChildProcess[] = [];
let browser: Browser | null = null;

after(async () => {
    await browser?.close();
    for (const child of children) child.kill("SIGTERM");
});

/** Starts the console of a device: the address that lets one browser in, once. */
export async function consoleOf(device: string): Promise<string> {
    const child = spawn(daybook, ["--store", `${folder}/${device}`, "console"],
        { stdio: ["ignore", "pipe", "ignore"] });
    children.push(child);
    for await (const line of createInterface({ input: child.stdout })) {
        const found = /http:\/\/127\.0\.0\.1:\d+\/enter\/\w+/.exec(line);
        if (found) return found[0];
    }
    throw new Error(`the console of ${device} did not start`);
}

/** Windows of the test that runs: closed at its end, and told of if it fails. */
let windows: Window[] = [];

async function lookedAt(w: Window): Promise<string> {
    const main = await w.page.innerText("main", { timeout: 1_000 }).catch(() => "no page");
    return `${w.page.url()} showed:\n${main.slice(0, 1_500)}\n${w.faults.join("\n")}`;
}

/** A test whose name is a sentence; if it fails, what its windows showed is told. */
export function story(sentence: string, body: () => Promise<void>): void {
    test(sentence, { timeout: 600_000 }, async () => {
        windows = [];
        try {
            await body();
        } catch (error) {
            for (const w of windows) process.stderr.write(`${await lookedAt(w)}\n`);
            throw error;
        } finally {
            for (const w of windows) await w.context.close();
        }
    });
}

export interface Look {
    width?: number;
    height?: number;
    dark?: boolean;
}

/** A window, and what must never happen in it. */
export interface Window {
    page: Page;
    base: string;
    context: BrowserContext;
    dark: boolean;
    /** Ends with what went wrong: dialogs, errors of scripts, requests to elsewhere. */
    faults: string[];
}

export const launching = {
    executablePath: needed("CHROMIUM"),
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
};

export async function open(address: string, look: Look = {}): Promise<Window> {
    browser ??= await chromium.launch(launching);
    return openIn(browser, address, look);
}

export async function openIn(of: Browser, address: string, look: Look = {}): Promise<Window> {
    const context = await of.newContext({
        viewport: { width: look.width ?? 1280, height: look.height ?? 900 },
        locale: "en-GB",
        colorScheme: look.dark ? "dark" : "light",
        timezoneId: "Europe/London",
    });
    context.setDefaultTimeout(patience_ms);
    const page = await context.newPage();
    const base = new URL(address).origin;
    const faults: string[] = [];
    context.on("dialog", (dialog) => {
        faults.push(`a dialog: ${dialog.message()}`);
        void dialog.dismiss();
    });
    context.on("request", (request) => {
        if (new URL(request.url()).origin !== base && !request.url().startsWith("blob:")) {
            faults.push(`a request to ${request.url()}`);
        }
    });
    page.on("pageerror", (error) => faults.push(`a script failed: ${error.message}`));
    page.on("console", (message) => {
        const said = message.text();
        if (message.type() === "error" && !/status of (401|423)/.test(said)) faults.push(said);
    });
    await weakened(page);
    await page.goto(address);
    const w = { page, base, context, dark: look.dark === true, faults };
    windows.push(w);
    return w;
}

/** With APP_JS=FILE the pages run that script instead of the program's own (weak.py). */
async function weakened(page: Page): Promise<void> {
    const path = process.env["APP_JS"];
    if (path) {
        await page.route("**/app.js", (route) =>
            route.fulfill({ path, contentType: "text/javascript; charset=utf-8" }));
    }
}

/** Types the passphrase where the page asks for it. */
export async function unlock(w: Window, device: string): Promise<void> {
    await w.page.getByRole("heading", { name: "Daybook is locked" }).waitFor();
    await w.page.keyboard.type(passphraseOf(device));
    await w.page.keyboard.press("Enter");
    await w.page.getByRole("button", { name: "Lock", exact: true }).waitFor()
        .catch(async () => assert.fail(`not unlocked: ${await w.page.innerText("main")}`));
    await settled(w);
}

/** The page is drawn, whole. */
export async function settled(w: Window): Promise<void> {
    await w.page.locator("main:not([aria-busy]):not(:has([aria-busy])) h1").first().waitFor();
}

export async function visit(w: Window, path: string): Promise<void> {
    await w.page.goto(w.base + path);
    await settled(w);
}

// ---- what must hold on every page ----------------------------------------------------------

interface Violation {
    id: string;
    nodes: { target: string[]; failureSummary: string }[];
}

/** Between a phone and a large screen: a tablet's and a laptop's breakpoints lie there. */
const widths = [360, 700, 1000, 1280, 1920];

/** Nothing is wider than the window, whatever its width; lines stay short enough to be read. */
async function fits(w: Window, what: string): Promise<void> {
    const own = w.page.viewportSize();
    assert(own);
    for (const width of w.dark ? [own.width] : widths) {
        await w.page.setViewportSize({ width, height: own.height });
        const { over, longest } = await w.page.evaluate(() => ({
            over: document.documentElement.scrollWidth - window.innerWidth,
            longest: Math.max(0, ...[...document.querySelectorAll("main p")].map((p) =>
                p.getBoundingClientRect().width / parseFloat(getComputedStyle(p).fontSize))),
        }));
        assert(over <= 0, `${what}: ${over} pixels wider than a window of ${width}`);
        assert(longest <= lineMax_em,
            `${what}: a paragraph ${longest.toFixed()} em wide in a window of ${width}`);
    }
    await w.page.setViewportSize(own);
}

/** axe finds nothing; the page isn't wider than the window; it is marked; its title has no name. */
export async function sound(w: Window, what: string): Promise<void> {
    await w.page.evaluate(axe);
    const found = await w.page.evaluate(async () => {
        const run = (globalThis as unknown as { axe: { run(d: Document, o: unknown):
            Promise<{ violations: Violation[] }> } }).axe.run;
        return (await run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa",
            "wcag22aa", "best-practice"] })).violations;
    });
    const faults = found.map((v) => `${v.id}: ${v.nodes[0]?.target.join(" ")}: ` +
        `${v.nodes[0]?.failureSummary}`);
    assert.deepEqual(faults, [], `${what}: axe`);
    await fits(w, what);
    const marked = await w.page.getByText("OFFICIAL-SENSITIVE", { exact: true }).count();
    assert(marked >= 2, `${what}: marked at its head and foot`);
    assert.deepEqual(w.faults, [], what);
    await keep(w);
}

/** The page's path with ids as the script called them, as a file's name: "records-case". */
function fileOf(path: string): string {
    const names = Object.entries(told).map(([name, id]) => [id, name.replace(/_id$/, "")] as const);
    const parts = path.split("/").filter((part) => part !== "").map((part) =>
        names.find(([id]) => id === part)?.[1] ?? (/^[0-9a-f-]{24,}$/.test(part) ? "one" : part));
    return parts.join("-") || "first";
}

/** With SHOTS=FOLDER each page that was looked at is kept there as a picture: a wide one in light,
 *  a phone's in dark (docs/console). */
async function keep(w: Window): Promise<void> {
    const shots = process.env["SHOTS"];
    const width = w.page.viewportSize()?.width ?? 0;
    if (!shots || !(w.dark ? width <= 400 : width > 400)) return;
    mkdirSync(shots, { recursive: true });
    const name = `${fileOf(new URL(w.page.url()).pathname)}${w.dark ? "-phone" : ""}.png`;
    await w.page.screenshot({ path: `${shots}/${name}`, fullPage: true, animations: "disabled" });
}

/** Where the focus is, in words; and whether one sees that it is there. */
export async function focused(w: Window): Promise<{ words: string; seen: boolean }> {
    return w.page.evaluate(() => {
        const at = document.activeElement as HTMLElement;
        const style = getComputedStyle(at);
        const label = at.id ? document.querySelector(`label[for="${CSS.escape(at.id)}"]`) : null;
        const ring = style.outlineStyle !== "none" || style.boxShadow !== "none";
        const drawn = at.matches("body, input[type=radio], input[type=checkbox]");
        return { words: (label?.textContent ?? at.textContent ?? "").trim(), seen: ring || drawn };
    });
}

/** Tab until the focus is on what is called so; each place on the way shows that it has it. */
export async function tabTo(w: Window, words: string | RegExp, most = 120): Promise<void> {
    for (let i = 0; i < most; i += 1) {
        await w.page.keyboard.press("Tab");
        const at = await focused(w);
        assert(at.seen, `the focus is seen on "${at.words.slice(0, 40)}"`);
        if (typeof words === "string" ? at.words === words : words.test(at.words)) return;
    }
    assert.fail(`${String(words)} is reached by the keyboard`);
}

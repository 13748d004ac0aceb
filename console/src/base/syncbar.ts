// One line under the navigation: what has arrived where, in plain words, and a button to exchange.
import { CommandFailed, runOne } from "./client";
import { h, replace } from "./h";
import type { Banner } from "./parts";
import { ago, capital, counted, listed } from "./words";

export interface SpaceStatus {
    space: string;
    name: string;
    role: string;
    over: boolean;
    records: number;
    own_ops: number;
    own_at_relay: number;
    own_at_hq: number;
    confirmation: string;
    confirmed: string | null;
    pending: number;
    undecided: number;
    aside: number;
    attention: number;
}

export interface Status {
    relay: string;
    stage: string;
    last_sync: string | null;
    last_failure: string | null;
    failure: string | null;
    evidence: number;
    frozen: boolean;
    spaces: SpaceStatus[];
}

interface Synced {
    sent: number;
    fetched: number;
    records_new: number;
    records_changed: number;
    conflicts_new: number;
}

/** What the bar tells the frame: that something was exchanged, or wasn't. */
export interface Frame {
    exchanged(notice: Banner): void;
    say(words: string): void;
}

let frame: Frame | null = null;
const words = h("p.daybook-sync__words", "Looking at what has arrived where");
const press = h("button.govuk-button.govuk-button--secondary.daybook-sync__button",
    { type: "button", onclick: () => void exchange() }, "Sync now");

export function status(): Promise<Status> {
    return runOne<Status>({ name: "status" });
}

/** What exists on this device only: changes, and what the log of use says about looking. */
export function hereOnly(s: Status): number {
    return s.spaces.reduce((n, space) => n + space.own_ops - space.own_at_relay, 0);
}

/** "All that was written here has reached the relay. Last exchange 3 minutes ago." */
export function inWords(s: Status): string {
    const here = hereOnly(s);
    const stays = here === 0 ? "All that was written here has reached the relay."
        : `${counted(here, "entry waits", "entries wait")} to be sent, looks included.`;
    const failed = s.last_failure !== null &&
        (s.last_sync === null || s.last_failure > s.last_sync);
    const tried = failed ? ` The last try, ${ago(s.last_failure)}, did not get through.` : "";
    return `${stays} Last exchange ${ago(s.last_sync)}.${tried}`;
}

export function syncBar(of: Frame): HTMLElement {
    frame = of;
    return h("div.daybook-sync", h("div.govuk-width-container.daybook-sync__row", words, press));
}

/** Says anew how it stands. A failure here is no news: the page itself says what is wrong. */
export async function refreshSync(): Promise<void> {
    try {
        const s = await status();
        replace(words, inWords(s));
        words.classList.toggle("daybook-sync__words--waits", hereOnly(s) > 0);
    } catch {
        replace(words, "What has arrived where can't be said now.");
    }
}

function told(s: Synced): string {
    const parts: string[] = [];
    if (s.sent > 0) parts.push(`${counted(s.sent, "parcel")} sent`);
    if (s.records_new > 0) parts.push(counted(s.records_new, "new record"));
    if (s.records_changed > 0) parts.push(`${counted(s.records_changed, "record")} changed`);
    if (s.conflicts_new > 0) parts.push(counted(s.conflicts_new, "new conflict"));
    return parts.length === 0 ? "Nothing was new on either side." : `${listed(parts)}.`;
}

const keeps = "What you wrote is safe on this device, and goes with the next exchange.";
/** By exit status: what it means for who wrote something. */
const failures: Readonly<Record<number, Banner>> = {
    11: { title: "The disk is full", words: "What was saved before is safe on this device. Make " +
        "room, then sync again." },
    13: { title: "No network", words: `Headquarters can't be reached now. ${keeps}` },
    14: { title: "This is not your relay", words: "What answered can't be believed, and nothing " +
        "was given to it. What you wrote is safe on this device. Tell headquarters." },
    16: { title: "Not yet", words: `A key or an approval has still to arrive. ${keeps}` },
    21: { title: "Nothing is exchanged", words: "Somebody has signed two histories, and a person " +
        "has to settle that first. What you wrote is safe on this device. Tell headquarters." },
};

function notExchanged(error: unknown): Banner {
    const known = error instanceof CommandFailed ? failures[error.failure.status] : undefined;
    const text = error instanceof Error ? error.message : String(error);
    return known ?? { title: "Not exchanged", words: `${capital(text)}. ${keeps}` };
}

/** Exchanges with headquarters, whatever page is shown. */
export async function exchange(): Promise<void> {
    if (press.getAttribute("aria-disabled") === "true") return;
    press.setAttribute("aria-disabled", "true");
    replace(words, "Exchanging with headquarters");
    frame?.say("Exchanging with headquarters");
    try {
        const done = await runOne<Synced>({ name: "sync" });
        frame?.exchanged({ success: true, title: "Exchanged", words: told(done) });
    } catch (error) {
        frame?.exchanged(notExchanged(error));
    } finally {
        press.removeAttribute("aria-disabled");
    }
}

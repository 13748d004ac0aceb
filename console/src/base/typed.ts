// What is typed and not saved yet. Each answer is kept in this device's encrypted store while it is
// typed, never in the browser. What the store hasn't acknowledged is in this page's memory alone,
// and the page isn't let go of while there is any.
import { CommandFailed, ConsoleGone, SessionEnded, StoreLocked, isLocked, keepDraft } from
    "./client";

/** From the first key that isn't kept, however fast the next ones come. */
const pause_ms = 300;
/** While headquarters is exchanged with, an answer takes longer: newer words then queue behind. */
const patience_ms = 1_500;
const retry_ms = 2_000;
/** A request that outlives its page may have 64 KiB; a character has up to three bytes. */
const leavingCharacters = 20_000;

interface Words {
    text: string;
    /** Counts what was typed: an acknowledgement is of one version. */
    version: number;
    /** The text ends with a whole word. */
    ended: boolean;
    flight: Promise<void> | null;
    since: number;
}

const waiting = new Map<string, Words>();
let timer: ReturnType<typeof setTimeout> | undefined;
let timerAt = 0;
let failure: Error | null = null;

/** How it stands with what was typed: all kept, on its way, or why not. */
export type Keeping = "kept" | "keeping" | Error;
const listeners = new Set<(how: Keeping) => void>();

export function keeping(): Keeping {
    return failure ?? (waiting.size === 0 ? "kept" : "keeping");
}

/** Told at each change, until the function that it gives back is called. */
export function onKeeping(listener: (how: Keeping) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

function tell(): void {
    for (const listener of listeners) listener(keeping());
}

/** Whether some words are in this page alone. */
export function unkept(): boolean {
    return waiting.size > 0;
}

/** The earliest of all that were asked for. */
function later(ms: number): void {
    const at = Date.now() + ms;
    if (timer !== undefined && timerAt <= at) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(() => {
        timer = undefined;
        sendAll();
    }, ms);
}

function sendAll(leaving = false): void {
    for (const name of waiting.keys()) void send(name, leaving);
}

async function put(name: string, text: string, leaving: boolean): Promise<void> {
    try {
        await keepDraft(name, text, leaving && text.length < leavingCharacters);
    } catch (error) {
        // This browser may have entered anew: then the page needs another key.
        if (!(error instanceof SessionEnded)) throw error;
        await isLocked();
        await keepDraft(name, text);
    }
}

function failed(error: unknown): void {
    failure = error instanceof Error ? error : new Error(String(error));
    // A locked store stays so until somebody unlocks it: the frame asks for that.
    if (!(failure instanceof StoreLocked)) later(retry_ms);
    tell();
}

async function fly(name: string, words: Words, leaving: boolean): Promise<void> {
    const { text, version } = words;
    words.since = Date.now();
    try {
        await put(name, text, leaving);
        failure = null;
        if (words.version === version && waiting.get(name) === words) waiting.delete(name);
        else later(words.ended ? 0 : pause_ms);
    } catch (error) {
        failed(error);
    }
}

function send(name: string, leaving = false): Promise<void> {
    const words = waiting.get(name);
    if (words === undefined) return Promise.resolve();
    const patient = Date.now() - words.since < patience_ms;
    if (words.flight !== null && patient && !leaving) {
        later(patience_ms);
        return words.flight;
    }
    const flight = fly(name, words, leaving).finally(() => {
        if (words.flight === flight) words.flight = null;
        tell();
    });
    words.flight = flight;
    return flight;
}

/** `text` is what stands under this name now; empty: nothing. `ended`: a word, or a choice, has. */
export function keep(name: string, text: string, ended = false): void {
    const words = waiting.get(name) ?? { text, version: 0, ended, flight: null, since: 0 };
    words.text = text;
    words.version += 1;
    words.ended = ended;
    waiting.set(name, words);
    tell();
    if (ended) void send(name);
    else later(pause_ms);
}

/** All that was typed is kept when this returns; throws what stood in the way. */
export async function flush(): Promise<void> {
    failure = null;
    while (waiting.size > 0) {
        await Promise.all([...waiting.entries()].map(([name, w]) => w.flight ?? send(name)));
        if (failure !== null) throw failure as Error;
    }
}

/** Saved as a record, or thrown away: nothing of it is to be kept any more. */
export function forget(prefix: string): void {
    for (const name of waiting.keys()) if (name.startsWith(`${prefix}/`)) waiting.delete(name);
    tell();
}

/** Why words aren't kept, and what to do. */
export function whyUnkept(error: Error): string {
    if (error instanceof StoreLocked) return "Daybook was locked. Unlock it to keep them.";
    if (error instanceof ConsoleGone) {
        return "The program doesn't answer. Leave this page open, and start Daybook again.";
    }
    if (error instanceof CommandFailed) return error.failure.text;
    return error.message;
}

window.addEventListener("pagehide", () => sendAll(true));
document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") sendAll(true);
});
// The browser asks before it leaves words behind that can't be kept now.
window.addEventListener("beforeunload", (event) => {
    if (failure !== null && unkept()) event.preventDefault();
});

// The only way to the store: the commands of `daybook`, run by the program that serves this page.

export type Role = "officer" | "supervisor" | "hq" | "admin" | "auditor" | "guest" | "writer";

export interface Space {
    id: string;
    name: string;
    role: Role;
    restricted: boolean;
    /** The role has ended. */
    over: boolean;
}

/** The browser's session, and whose device this is: that is told while the store is open. */
export interface Session {
    locked: boolean;
    version: string;
    name: string;
    role: Role | null;
    device: string;
    spaces: readonly Space[];
}

export interface Problem {
    severity: "problem" | "warning";
    field: string;
    text: string;
}

export interface Failure {
    code: string;
    status: number;
    text: string;
    /** What was not given. */
    wants?: "reason";
    problems?: Problem[];
}

/** A command that ended with another status than 0. */
export class CommandFailed extends Error {
    constructor(readonly failure: Failure) {
        super(failure.text);
    }
    /** What was asked for is in a restricted space, and nobody said why they look. */
    get wantsReason(): boolean {
        return this.failure.wants === "reason";
    }
}

/** Dispatched to the window when a call finds the store locked: then the frame begins anew. */
export const lockedEvent = "daybook-locked";

/** This browser has no session with the program (any more). */
export class SessionEnded extends Error {}
/** The store is locked. */
export class StoreLocked extends Error {}
/** The program that served this page doesn't answer. */
export class ConsoleGone extends Error {}

export type Options = { readonly [name: string]: string | number | boolean | undefined };

/** What is to be run: options and other arguments can't be taken for each other. */
export interface Command {
    name: string;
    options?: Options;
    args?: readonly string[];
}

let key = "";
async function call(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
        response = await fetch(path, { ...init, credentials: "same-origin", cache: "no-store" });
    } catch {
        throw new ConsoleGone("The Daybook program that served this page doesn't answer.");
    }
    if (response.status === 401) throw new SessionEnded("The session has ended.");
    if (response.status === 423) {
        window.dispatchEvent(new Event(lockedEvent));
        throw new StoreLocked("The store is locked.");
    }
    return response;
}

async function said(response: Response): Promise<string> {
    try {
        const body = (await response.json()) as { error?: { text?: string } };
        return body.error?.text ?? `The program answered with ${response.status}.`;
    } catch {
        return `The program answered with ${response.status}.`;
    }
}

async function post(path: string, body: unknown, keepalive = false): Promise<Response> {
    const response = await call(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Daybook-Key": key },
        body: JSON.stringify(body),
        keepalive,
    });
    if (!response.ok) {
        const text = await said(response);
        throw new CommandFailed({ code: "console", status: response.status, text });
    }
    return response;
}

interface Door {
    locked: boolean;
    key: string;
    version: string;
}

async function door(): Promise<Door> {
    const response = await call("/api/session", { method: "GET" });
    if (!response.ok) throw new SessionEnded(await said(response));
    const answer = (await response.json()) as Door;
    key = answer.key;
    return answer;
}

/** Asking this is no use of the store: it doesn't keep it from locking itself. */
export async function isLocked(): Promise<boolean> {
    return (await door()).locked;
}

export async function session(): Promise<Session> {
    const { locked, version } = await door();
    const nobody = { name: "", role: null, device: "", spaces: [] };
    if (locked) return { locked, version, ...nobody };
    const me = await runOne<Omit<Session, "locked" | "version">>({ name: "whoami" });
    return { ...me, locked, version };
}

/** Options first, then "--", then the rest: no word of a note is ever taken for an option. */
export function argvOf(command: Command): string[] {
    const argv = command.name.split(" ");
    for (const [name, value] of Object.entries(command.options ?? {})) {
        if (value === undefined || value === false || value === "") continue;
        argv.push(value === true ? `--${name}` : `--${name}=${value}`);
    }
    return [...argv, "--", ...(command.args ?? [])];
}

/** The lines that the command printed. Throws CommandFailed with what it said if it failed. */
export async function run<Line>(command: Command, leaving = false): Promise<Line[]> {
    const response = await post("/api/run", { argv: argvOf(command) }, leaving);
    const answer = (await response.json()) as { lines: Line[]; error: Failure | null };
    if (answer.error !== null) throw new CommandFailed(answer.error);
    return answer.lines;
}

/** For commands that answer with one line. */
export async function runOne<Line>(command: Command): Promise<Line> {
    const [line] = await run<Line>(command);
    if (line === undefined) {
        const text = `"${command.name}" answered nothing.`;
        throw new CommandFailed({ code: "console", status: 4, text });
    }
    return line;
}

/** What stands above a column, the key of its value ("names.@id": the name of that id), and words
 *  for its codes. */
export type Column = readonly [string, string] |
    readonly [string, string, Readonly<Record<string, string>>];

/** A command's answer as a file for a spreadsheet, saved by the browser: as the command makes it,
 *  or in these columns. */
export async function saveCsv(command: Command, name: string,
    columns?: readonly Column[]): Promise<void> {
    const response = await post("/api/csv", { argv: argvOf(command), columns });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export async function lock(): Promise<void> {
    await post("/api/lock", {});
}

/** Null, or what is wrong with the passphrase. */
export async function unlock(passphrase: string): Promise<string | null> {
    const response = await post("/api/unlock", { passphrase });
    const answer = (await response.json()) as { error: Failure | null };
    return answer.error === null ? null : answer.error.text;
}

// ---- what is typed and not saved yet: in the encrypted store, never in the browser -------------

export interface Draft {
    name: string;
    text: string;
    at: string;
}

export function drafts(): Promise<Draft[]> {
    return run<Draft>({ name: "scratch list" });
}

/** An empty text takes it away. `leaving`: the request has to outlive the page. */
export async function keepDraft(name: string, text: string, leaving = false): Promise<void> {
    await run({ name: "scratch keep", args: [name, text] }, leaving);
}

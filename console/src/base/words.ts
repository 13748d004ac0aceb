// Words for people: times, ages, counts, roles, states.
import type { Role } from "./client";

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const moment = new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
});

/** "30 Nov 2026, 07:34", or "not known". */
export function when(time: string | null | undefined): string {
    if (!time) return "not known";
    const date = new Date(time);
    return Number.isNaN(date.getTime()) ? time : moment.format(date);
}

/** "30 November 2026"; `time` is a day or a time. */
export function onDay(time: string | null | undefined): string {
    if (!time) return "not known";
    const date = new Date(time.length === 10 ? `${time}T12:00:00` : time);
    return Number.isNaN(date.getTime()) ? time : day.format(date);
}

const minute = 60_000;
const steps: readonly [number, string][] = [
    [365 * 24 * 60 * minute, "year"],
    [30 * 24 * 60 * minute, "month"],
    [24 * 60 * minute, "day"],
    [60 * minute, "hour"],
    [minute, "minute"],
];

/** "3 days", "less than a minute": between a time and now, whichever is first. */
export function age(time: string, now: number = Date.now()): string {
    const ms = Math.abs(now - new Date(time).getTime());
    for (const [length, unit] of steps) {
        if (ms >= length) return counted(Math.floor(ms / length), unit);
    }
    return "less than a minute";
}

export function ago(time: string | null | undefined): string {
    return time ? `${age(time)} ago` : "never";
}

/** "1 record", "2 records"; a plural that isn't formed with s is given. */
export function counted(n: number, one: string, many = `${one}s`): string {
    return `${n.toLocaleString("en-GB")} ${n === 1 ? one : many}`;
}

export function capital(words: string): string {
    return words.charAt(0).toUpperCase() + words.slice(1);
}

/** "a, b and c" */
export function listed(words: readonly string[]): string {
    if (words.length < 2) return words.join("");
    return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

const roleWords: Readonly<Record<string, string>> = {
    officer: "officer",
    supervisor: "supervisor",
    hq: "headquarters",
    admin: "administrator",
    auditor: "auditor",
    guest: "guest",
    writer: "shared tablet, writes only",
};

export function roleName(role: Role | string): string {
    return roleWords[role] ?? role;
}

const carriageWords: Readonly<Record<string, string>> = {
    here: "On this device only",
    relay: "At the relay",
    hq: "At headquarters",
};

/** Where the newest change of a record stands. */
export function carriage(word: string): string {
    return carriageWords[word] ?? word;
}

const stateWords: Readonly<Record<string, string>> = {
    live: "In use",
    signed: "Signed",
    withdrawn: "Withdrawn",
    disposed: "Disposed of",
};

export function stateName(state: string): string {
    return stateWords[state] ?? state;
}

// What a page is: a path, who it is for, and how it is drawn.
import type { Role, Session } from "./client";
import type { Child } from "./h";

export interface Page {
    /** Parts of the path by name: of "/records/:id" it is `id`. */
    params: Readonly<Record<string, string>>;
    query: URLSearchParams;
    session: Session;
    /** Why restricted spaces are looked into on this page; undefined: they aren't. */
    reason: string | undefined;
}

export interface Route {
    path: string;
    /** Kinds only, never words of a record: the browser keeps titles in its history. */
    title: string;
    /** Undefined: everybody. */
    roles?: readonly Role[];
    /** It is typed into, and keeps what is typed: an exchange doesn't draw it anew. */
    typed?: boolean;
    /** Its name in the navigation, in the order of the routes; undefined: it isn't there. */
    menu?: string;
    draw(page: Page): Promise<Child> | Child;
}

export const deskRoles: readonly Role[] = ["hq", "supervisor", "auditor", "admin"];
export const officerRoles: readonly Role[] = ["officer", "guest", "writer"];

export function allowed(route: Route, role: Role | null | undefined): boolean {
    // A tablet that only writes has nothing to read: only what names it is for it.
    return route.roles === undefined ? role !== "writer"
        : role != null && route.roles.includes(role);
}

/** The parts of a path by name, or null if it isn't of that pattern. */
export function matched(pattern: string, path: string): Record<string, string> | null {
    const want = pattern.split("/");
    const have = path.replace(/\/+$/, "").split("/");
    if (want.length !== have.length && !(pattern === "/" && have.length === 1)) return null;
    const params: Record<string, string> = {};
    for (const [i, part] of want.entries()) {
        const given = have[i] ?? "";
        if (part.startsWith(":")) params[part.slice(1)] = given;
        else if (part !== given) return null;
    }
    return params;
}


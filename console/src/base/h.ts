// Elements of a page, made of text nodes: no string is ever parsed as markup.

export type Child = Node | string | number | false | null | undefined | readonly Child[];

type Listener = (event: never) => unknown;
type Attribute = string | number | boolean | null | undefined | Listener;
export type Attributes = { readonly [name: string]: Attribute };

type TagOf<S extends string> = S extends `${infer Tag}.${string}` ? Tag : S;
type ElementOf<S extends string> =
    TagOf<S> extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[TagOf<S>] : HTMLElement;

// Characters that show nothing themselves and change how others look: controls but line feed and
// tab, and those that turn the direction of text. Who reads a note has to see that they are there.
const unseen = new RegExp(
    "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200b\\u200e\\u200f" +
        "\\u202a-\\u202e\\u2060-\\u206f\\ufeff]",
    "g",
);

/** Words as they may be shown: what would be unseen is written as its number. */
export function visible(words: string): string {
    return words.replace(
        unseen,
        (c) => `\\u{${c.charCodeAt(0).toString(16)}}`,
    );
}

// A link leads to a page of the console, a part of this page, or (a person's number) the phone.
const linkable = /^(\/(?!\/)|#|tel:\+?[0-9]+$)/;

function setAttribute(element: Element, name: string, value: Attribute): void {
    if (value === null || value === undefined || value === false) return;
    if (typeof value === "function") {
        element.addEventListener(name.slice(2), value as EventListener);
        return;
    }
    if (name === "style" || name.startsWith("on") || name === "src" || name === "srcdoc") {
        throw new Error(`h: no attribute ${name}`);
    }
    if (name === "href" && !linkable.test(String(value))) throw new Error("h: not our link");
    element.setAttribute(name, value === true ? "" : String(value));
}

export function append(parent: Node, ...children: readonly Child[]): void {
    for (const child of children) {
        if (child === null || child === undefined || child === false) continue;
        if (Array.isArray(child)) append(parent, ...(child as readonly Child[]));
        else if (child instanceof Node) parent.appendChild(child);
        else parent.appendChild(document.createTextNode(visible(String(child))));
    }
}

function isAttributes(x: Attributes | Child): x is Attributes {
    return typeof x === "object" && x !== null && !(x instanceof Node) && !Array.isArray(x);
}

/**
 * h("p.govuk-body", { id: "x", onclick: f }, "words", child): an element. Attributes may be left
 * out; one that is false, null or undefined isn't set; a function is a listener.
 */
export function h<S extends string>(
    tag: S,
    ...rest: readonly (Attributes | Child)[]
): ElementOf<S> {
    const [name, ...classes] = tag.split(".");
    const element = document.createElement(name ?? "div");
    if (classes.length > 0) element.className = classes.join(" ");
    const [first, ...others] = rest;
    let children: readonly (Attributes | Child)[] = rest;
    if (first !== undefined && isAttributes(first)) {
        for (const [key, value] of Object.entries(first)) setAttribute(element, key, value);
        children = others;
    }
    append(element, ...(children as readonly Child[]));
    return element as ElementOf<S>;
}

export function replace(parent: Element, ...children: readonly Child[]): void {
    parent.replaceChildren();
    append(parent, ...children);
}

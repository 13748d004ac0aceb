// What was typed and not saved yet, on the first page of whoever writes.
import { type Child, h } from "../base/h";
import { button } from "../base/parts";
import { redraw } from "../base/shell";
import { ago } from "../base/words";
import { referenceLabel } from "./leaves";
import { type Started, throwAway } from "./typing";

interface Kind {
    name: string;
    fresh: string;
    page(key: string): string;
}

const kinds: Readonly<Record<string, Kind>> = {
    person: { name: "Person", fresh: "New person", page: (key) =>
        (key.startsWith("new-") ? `/persons/new/${key}` : `/persons/${key}/edit`) },
    contact: { name: "Contact", fresh: "New contact", page: (key) =>
        (key.startsWith("new-") ? `/contacts/new/${key}` : `/contacts/${key}/edit`) },
    addendum: { name: "Addendum", fresh: "Addendum", page: (key) => `/contacts/${key}` },
    intervention: { name: "Intervention", fresh: "New intervention", page: (key) =>
        (key.startsWith("new-") ? `/interventions/new/${key}` : `/interventions/${key}/edit`) },
    flight: { name: "Flight sheet", fresh: "New flight sheet", page: (key) =>
        (key.startsWith("new-") ? `/flights/new/${key}` : `/flights/${key}/edit`) },
};

/** The longest of the words, so that one knows it again. */
function gist(s: Started): string {
    const typed = [...s.leaves].filter(([path]) => !path.startsWith("@"));
    const texts = typed.map(([path, text]) => path === "case_id" ? referenceLabel(text)
        : /^([0-9T:.@-]*|[a-z_]+)$/.test(text) || path.endsWith("~") || /^[0-9a-f-]{36} /.test(text)
            ? "" : text.trim());
    const longest = texts.sort((a, b) => b.length - a.length)[0] ?? "";
    return longest.length > 90 ? `${longest.slice(0, 90)}…` : longest;
}

/** What was begun and isn't saved, each to go on with or to throw away. */
export function typedPart(all: readonly Started[]): Child {
    const known = all.filter((s) => kinds[s.kind] !== undefined);
    if (known.length === 0) return null;
    return h("section.daybook-typed", { "aria-labelledby": "typed-head" },
        h("h2.govuk-heading-m", { id: "typed-head" }, "Typed, and not saved yet"),
        known.map((s) => {
            const kind = kinds[s.kind];
            const name = s.key.startsWith("new-") ? kind?.fresh : kind?.name;
            return h("div.daybook-typed__item",
                h("p.govuk-body", h("strong", name), `, kept ${ago(s.at)}`),
                gist(s) === "" ? null : h("p.govuk-body.daybook-typed__words", h("bdi", gist(s))),
                h("div.govuk-button-group",
                    h("a.govuk-button", { href: kind?.page(s.key) ?? "/", role: "button",
                        draggable: "false" }, "Go on", h("span.govuk-visually-hidden",
                        ` with this ${name?.toLowerCase()}`)),
                    h("details.daybook-sure", h("summary", "Throw away"),
                        button("Yes, throw it away", async () => {
                            await throwAway(s.kind, s.key);
                            redraw({ title: "Thrown away", words: "It is gone." });
                        }, "warning"))));
        }));
}

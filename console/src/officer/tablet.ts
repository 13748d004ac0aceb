// A shared tablet that only writes (role "writer"): what it saves is sealed to the others, and
// nobody reads it there again, not who wrote it and not the next officer (decision 0011).
import { h, type Child } from "../base/h";
import type { Page } from "../base/page";
import { buttons, heading, inset, link, para } from "../base/parts";
import { syncPart } from "./synced";
import { started } from "./typing";
import { typedPart } from "./typed";

/** Of what is begun on it; lists, persons' pages and sheets are for those who read. */
const begun: readonly { words: string; path: string }[] = [
    { words: "Airport intervention", path: "/interventions/new" },
    { words: "New flight sheet", path: "/flights/new" },
    { words: "Log a contact", path: "/contacts/new" },
    { words: "Add a person", path: "/persons/new" },
];

export function writesOnly(page: Page): boolean {
    return page.session.role === "writer";
}

export async function tabletPage(): Promise<Child> {
    return [
        heading(1, "Write"),
        inset(para("This tablet only writes. What you save is sealed at once: officers of this ",
            "space read it on their own devices after the next exchange, and nobody reads it ",
            "here."),
        para("So it shows no persons, no contacts and no flight sheets, and can't change what was ",
            "saved. What is typed and not saved yet, the next who unlocks it can read: save it, ",
            "or throw it away.")),
        typedPart(await started()),
        h("div.daybook-big", begun.map(({ words, path }, i) =>
            h(`a.govuk-button.daybook-big__button${i === 0 ? "" : ".govuk-button--secondary"}`,
                { href: path, role: "button", draggable: "false" }, words))),
        await syncPart(),
    ];
}

/** After it was saved: all that this tablet still knows of it is its number. */
export function sealedPage(page: Page): Child {
    const { form = "", id = "" } = page.params;
    const flight = form === "flight" ? id : page.query.get("flight");
    return [
        heading(1, "Saved and sealed"),
        para("It is on this device, sealed, and goes to the others with the next exchange. It ",
            "can't be shown or changed here. Its number is ", h("strong", id.slice(0, 13)),
            ", if you have to ask an officer to correct it."),
        h("div.daybook-big", flight === null ? null : h("a.govuk-button.daybook-big__button",
            { href: `/interventions/new?flight=${flight}`, role: "button", draggable: "false" },
            form === "flight" ? "Record an intervention on this flight" : "Next family")),
        buttons(link("/today", "Write something else")),
    ];
}

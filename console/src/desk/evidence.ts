// What shows that somebody signed two histories: a person looks into it, and says what it was.
import { run } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { heading, hint, inset, link, para, summaryList, tag } from "../base/parts";
import { areaField } from "../base/fields";
import { redraw } from "../base/shell";
import { submitForm } from "../base/submit";
import { capital, counted, when } from "../base/words";

interface Finding {
    id: number;
    proof: boolean;
    text: string;
    tell: string;
    found: string;
    device?: string;
    settled: string | null;
}

function settle(f: Finding): Child {
    const name = `why-${f.id}`;
    return submitForm(areaField({ name, label: "Who looked into it, and what was it?",
        hint: "It stays on this device, beside the finding." }, "", 2), "Settle this finding",
    async (answer) => {
        await run({ name: "evidence settle", options: { reason: answer(name) },
            args: [String(f.id)] });
        redraw({ success: true, title: "Settled",
            words: "The finding stays, and the alarm ends until it happens again." });
    }, { kind: "secondary", needed: { [name]: "Say what it was" } });
}

function findingPart(f: Finding): Child {
    return h("section", { "aria-label": `Finding ${f.id}` },
        heading(2, `Finding ${f.id}`),
        para(h("bdi", capital(f.text)), "."),
        summaryList([
            { key: "What it is", value: f.proof ? tag("Proof", "red")
                : tag("One word against another", "orange") },
            { key: "Found", value: when(f.found) },
            f.device ? { key: "Device", value: link(`/devices/${f.device}`, "Which device") }
                : null,
            f.settled === null ? { key: "What to do", value: f.tell }
                : { key: "Settled", value: h("bdi", f.settled) },
        ]),
        f.settled === null ? settle(f) : null);
}

export async function evidencePage(_page: Page): Promise<Child> {
    const all = await run<Finding>({ name: "evidence list" });
    const open = all.filter((f) => f.settled === null);
    return [
        heading(1, "Two histories", link("/devices", "Devices")),
        hint("What was exchanged shows that somebody signed two histories. What is kept proves it ",
            "to anybody; a file of it is made in a terminal, with ",
            h("code", "daybook evidence export"), "."),
        all.length === 0 ? inset("Nothing was found.") : para(open.length === 0
            ? "All of it is settled." : `${counted(open.length, "finding")} to look into.`),
        [...open, ...all.filter((f) => f.settled !== null)].map(findingPart),
    ];
}

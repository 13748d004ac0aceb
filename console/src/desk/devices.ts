// Devices and membership: who holds which space, when something of each last came, and the two
// hard things that are done to them: shutting one out, and what that begins.
import { CommandFailed, run, runOne } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { type Colour, heading, hint, inset, link, para, saveButton, summaryList, table, tag,
    warning } from "../base/parts";
import { radioField } from "../base/fields";
import { go, redraw } from "../base/shell";
import { submitForm } from "../base/submit";
import { recordLink } from "../base/values";
import { age, capital, counted, roleName, when } from "../base/words";
import { type Holding, change, spacesPart } from "./membership";

interface Device {
    name: string;
    role: string;
    state: string;
    this: boolean;
    device: string;
    spaces: Holding[];
    /** When the relay last received something of it; absent: nothing is expected of it. */
    heard?: string | null;
    /** Not heard of for a day. */
    silent?: boolean;
}

interface Lost {
    device: string;
    name: string;
    reason: "lost" | "stolen";
    reported: string;
    until: string;
    state: "open" | "overdue" | "decided";
    record: string | null;
    spaces: { space: string; name: string; left: boolean; records: number;
        heard: string | null }[];
}

const stateColours: Readonly<Record<string, Colour>> = {
    active: "green",
    revoked: "red",
    lost: "orange",
};

function stateTag(d: Device): Child {
    return tag(capital(d.state), stateColours[d.state] ?? "grey");
}

function holding(s: Holding): Child {
    return [h("bdi", s.name), `, ${roleName(s.role)}`,
        s.over ? [" ", tag("Over", "grey")] : s.until ? ` until ${when(s.until)}` : ""];
}

function heardWords(d: Device): Child {
    if (d.heard === undefined) return "";
    if (d.heard === null) return [tag("Not heard of", "orange"), " Nothing of it yet"];
    return [when(d.heard), h("br"), h("span.daybook-small", `${age(d.heard)} ago`),
        d.silent ? [" ", tag("Not heard of for a day", "orange")] : null];
}

const lostColours: Readonly<Record<Lost["state"], Colour>> =
    { open: "orange", overdue: "red", decided: "green" };
const lostWords: Readonly<Record<Lost["state"], string>> =
    { open: "To decide", overdue: "Overdue", decided: "Decided" };

function lostPart(lost: readonly Lost[]): Child {
    if (lost.length === 0) return null;
    return [
        table("Reported lost or stolen",
            ["Device", "Reported", "To decide by", "State", "What it could read"],
            lost.map((d) => [
                [h("bdi", d.name), `, ${d.reason}`],
                when(d.reported),
                when(d.until),
                [tag(lostWords[d.state], lostColours[d.state]),
                    d.record ? [" ", recordLink(d.record, { [d.record]: "The decision" })] : null],
                d.spaces.map((s) => h("div", h("bdi", s.name), ": ",
                    counted(s.records, "record"), `; last heard ${when(s.heard)}`)),
            ])),
        hint("Within 72 hours headquarters writes in a record of the kind \"Personal data ",
            "breach\" that the Commissioner was told, or why not (section 67)."),
    ];
}

const pageRows = 200;
const notFound = 4; // a command's status

function pages(page: Page, devices: readonly Device[]): Child {
    const last = devices[devices.length - 1];
    const more = devices.length === pageRows && last !== undefined;
    const began = !page.query.has("after");
    if (began && !more) return null;
    const step = (where: "prev" | "next", path: string, words: string) =>
        h(`div.govuk-pagination__${where}`,
            h("a.govuk-link.govuk-pagination__link", { href: path }, words));
    return h("nav.govuk-pagination", { "aria-label": "Pages of this list" },
        began ? null : step("prev", "/devices", "The first to join"),
        more ? step("next", `/devices?after=${last.device}`, "Later ones") : null);
}

export async function devicesPage(page: Page): Promise<Child> {
    const after = page.query.get("after") ?? undefined;
    const devices = await runOne<Device[]>({ name: "device list",
        options: { limit: pageRows, after } });
    const lost = after === undefined ? await run<Lost>({ name: "device lost" }) : [];
    return [
        heading(1, "Devices and membership"),
        lostPart(lost),
        table(after === undefined && devices.length < pageRows ? counted(devices.length, "device")
            : `${counted(devices.length, "device")}, in the order in which they joined`,
            ["Device", "Role", "State", "Holds", "Last receipt"],
            devices.map((d) => [
                [link(`/devices/${d.device}`, h("bdi", d.name)),
                    d.this ? [h("br"), h("span.daybook-small", "This device")] : null],
                capital(roleName(d.role)),
                stateTag(d),
                d.spaces.map((s) => h("div", holding(s))),
                heardWords(d),
            ])),
        pages(page, devices),
        saveButton({ name: "device list" }, "devices.csv", [["Device", "name"], ["Role", "role"],
            ["State", "state"], ["Holds", "spaces"], ["Last receipt", "heard"],
            ["Not heard of for a day", "silent"], ["Number", "device"]]),
        para(link("/devices/log", "Every change of members, spaces and rules")),
        para(link("/devices/evidence", "What shows that somebody signed two histories")),
    ];
}

// ---- one device ------------------------------------------------------------------------------

const reasons = [
    { value: "lost", label: "It is lost", hint: "The 72 hours of section 67 begin." },
    { value: "stolen", label: "It is stolen", hint: "The 72 hours of section 67 begin." },
    { value: "left", label: "Its officer has left" },
];

function revoke(page: Page, d: Device): Child {
    if (page.session.role !== "admin" || d.state !== "active" || d.this) return null;
    return [
        heading(2, "Shut this device out"),
        warning("At once and for good. The relay refuses it, and every space that it was in ",
            "gets a new key. What it sends later stands aside."),
        submitForm(radioField({ name: "reason", label: "Why?" }, reasons), "Shut it out",
            (answer) => change(
                () => run({ name: "device revoke", options: { reason: answer("reason") },
                    args: [d.device] }),
                () => go("/devices", { success: true, title: "Shut out",
                    words: "The relay refuses that device from now on." })),
            { kind: "warning", needed: { reason: "Say why" } }),
    ];
}

export async function devicePage(page: Page): Promise<Child> {
    const id = page.params["id"] ?? "";
    const [d] = await runOne<Device[]>({ name: "device list", args: [id] })
        .catch((error: Error) => {
            if (error instanceof CommandFailed && error.failure.status === notFound) return [];
            throw error;
        });
    if (d === undefined) return [heading(1, "There is no such device"),
        para(link("/devices", "All devices"))];
    return [
        heading(1, h("bdi", d.name), link("/devices", "Devices")),
        summaryList([
            { key: "State", value: stateTag(d) },
            { key: "Role", value: capital(roleName(d.role)) },
            { key: "Number", value: h("code", d.device) },
            d.heard === undefined ? null : { key: "Last receipt for it", value: heardWords(d) },
            { key: "Holds", value: d.spaces.length === 0 ? "Nothing that this device may see"
                : d.spaces.map((s) => h("div", holding(s))) },
        ]),
        para(link(`/audit?actor=${d.device.slice(0, 12)}`, "What was done on it")),
        spacesPart(page, d),
        revoke(page, d),
    ];
}

// ---- the chain of membership -----------------------------------------------------------------

interface Change {
    change: number;
    kind: string;
    claimed: string;
    signed_by: { name: string; device: string | null }[];
    text: string;
}

interface Proposal {
    proposal: string;
    kind: string;
    text: string;
    proposed_by: string;
    claimed: string;
    mine: boolean;
}

async function decideOn(p: Proposal, verb: "agree" | "decline"): Promise<void> {
    await run({ name: `org ${verb}`, args: [p.proposal] });
    redraw({ success: true, title: verb === "agree" ? "Agreed" : "Declined",
        words: verb === "agree" ? "It is signed by both of you, and done."
            : "The proposal is taken away." });
}

function proposalPart(p: Proposal): Child {
    return h("div.govuk-inset-text",
        para(h("bdi", p.text)),
        h("p.daybook-small", "Proposed by ", h("bdi", p.proposed_by), ` on ${when(p.claimed)}`),
        h("div.govuk-button-group",
            p.mine ? null : submitForm(null, "Agree", () => decideOn(p, "agree")),
            submitForm(null, p.mine ? "Take it back" : "Decline",
                () => decideOn(p, "decline"), { kind: "secondary" })));
}

async function proposals(page: Page): Promise<Child> {
    if (page.session.role !== "admin") return null;
    const waiting = await runOne<Proposal[]>({ name: "org proposals" });
    return [heading(2, "Waiting for a second administrator"),
        waiting.length === 0 ? para("Nothing waits.") : waiting.map(proposalPart)];
}

export async function membershipPage(page: Page): Promise<Child> {
    const changes = await run<Change>({ name: "org log" });
    return [
        heading(1, "Every change of members, spaces and rules", link("/devices", "Devices")),
        await proposals(page).catch((error: Error) => inset(capital(error.message))),
        table(`${counted(changes.length, "change")}, the newest first`,
            [{ head: "No.", numeric: true }, "What", "When, by the signer's clock", "Signed by"],
            [...changes].reverse().map((c) => [String(c.change), h("bdi", c.text),
                when(c.claimed),
                c.signed_by.map((s) => h("div", h("bdi", s.name)))])),
        saveButton({ name: "org log" }, "membership.csv", [["No.", "change"], ["What", "text"],
            ["When, by the signer's clock", "claimed"], ["Signed by", "signed_by"]]),
    ];
}

// Every page of the desk, in four looks; hostile words; what a restricted space asks for.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { type Window, consoleOf, on, open, settled, sound, story, tabTo, told, unlock, visit } from
    "./kit";

const id = (name: string): string => {
    const value = told[name];
    assert(value, name);
    return value;
};

interface Device {
    name: string;
    device: string;
}

interface Aside {
    id: string;
    summary: string;
}

const [devices = []] = on<Device[]>("desk", "device", "list");
const aside = on<Aside>("desk", "quarantine", "list");
const bethan = devices.find((d) => d.name === "bethan")?.device ?? "";

const paths = [
    "/desk", "/overdue", "/retention", `/retention/${id("old_case")}`, "/conflicts",
    `/conflicts/${id("case_id")}`, "/records", "/records/list/person",
    `/records/${id("case_id")}`, `/records/${id("case_id")}/family`, `/records/${id("person")}`,
    `/records/${id("contact")}`, "/duplicates", `/duplicates/${id("twin")}`,
    `/duplicates/${id("twin")}/${id("person")}`, "/quarantine", `/quarantine/${aside[0]?.id}`,
    "/directory?find=1", "/directory/stale", "/directory/gaps", "/devices", `/devices/${bethan}`,
    "/devices/log", "/devices/evidence", "/audit", "/no/such/page",
];

// The passphrase is typed once; each look has a console, and so a session, of its own.
story("the desk unlocks", async () => {
    const w = await open(await consoleOf("desk"));
    await unlock(w, "desk");
    assert.deepEqual(w.faults, []);
});

for (const dark of [false, true]) {
    for (const width of [360, 1280]) {
        const look = `${dark ? "dark" : "light"}, ${width} pixels wide`;
        story(`axe finds nothing on any page of the desk: ${look}`, async () => {
            const w = await open(await consoleOf("desk"), { dark, width });
            for (const path of paths) {
                await visit(w, path);
                await sound(w, `${path} (${look})`);
                assert.doesNotMatch(await w.page.title(), /Alvarez|20\/1234|bethan/, "the title");
            }
                });
    }
}

/** The words stand in the page as text, and made no element of themselves. */
async function asText(w: Window, path: string, words: readonly string[]): Promise<void> {
    await visit(w, path);
    await w.page.locator("main details").evaluateAll((all) => {
        for (const details of all) details.setAttribute("open", "");
    });
    const text = await w.page.locator("main").innerText();
    for (const word of words) assert(text.includes(word), `${path} shows ${word.slice(0, 40)}`);
    const made = await w.page.locator("main script, main img, main svg, main iframe").count();
    assert.equal(made, 0, `${path}: no element came of words`);
    await sound(w, path);
}

story("hostile words are shown as words, with no dialog, on each page that has them", async () => {
    const w = await open(await consoleOf("desk"), { width: 360 });
    const name = "<script>alert(1)</script><img src=x onerror=alert(2)>";
    const turned = "\\u{202e}gpj.exe\\u{202c}";
    await asText(w, `/records/${id("hostile")}`, [name, "DonaudampfschiffDonaudampfschiff"]);
    await asText(w, `/records/${id("bidi_case")}`, [turned,
        "\"><iframe src=javascript:alert(6)>", "<a href='javascript:alert(5)'>x</a>"]);
    await asText(w, `/conflicts/${id("bidi_case")}`, [turned]);
    await asText(w, "/conflicts", [turned]);
    await visit(w, "/records");
    await w.page.getByLabel("Search for words").fill("script alert");
    await w.page.keyboard.press("Enter");
    await w.page.getByText("1 record with all these words").waitFor();
    assert((await w.page.locator("main").innerText()).includes("alert(1)"));
    assert(!w.page.url().includes("alert"), "what was searched for is not in the address");
    await sound(w, "the search");
});

story("a restricted record asks why one looks, and the reason is in the log of use", async () => {
    const w = await open(await consoleOf("desk"));
    await visit(w, `/records/${id("secret")}`);
    await w.page.getByRole("heading", { name: "This is in a restricted space" }).waitFor();
    assert(!(await w.page.content()).includes("Nightingale"));
    await sound(w, "the question");
    await tabTo(w, "Why do you look at this?");
    await w.page.keyboard.type("Review of the deployment");
    await tabTo(w, "Continue");
    await w.page.keyboard.press("Enter");
    await w.page.getByRole("heading", { name: /Nightingale/ }).waitFor();
    await settled(w);
    await visit(w, `/audit?record=${id("secret")}`);
    assert.match(await w.page.locator("main").innerText(), /Why: Review of the deployment/);
    assert.deepEqual(w.faults, []);
});

story("a number is shown after the safe-contact rule was read, and that is logged", async () => {
    const w = await open(await consoleOf("desk"));
    await visit(w, `/records/${id("person")}`);
    const main = w.page.locator("main");
    assert.match(await main.innerText(), /Send no letters/);
    assert.doesNotMatch(await w.page.content(), /07700 900123/, "not even in the markup");
    await w.page.getByRole("button", { name: "I have read this" }).click();
    await main.getByText("07700 900123").first().waitFor();
    await visit(w, `/audit?record=${id("person")}`);
    assert.match(await main.innerText(), /Safe contact read/i);
});

story("two persons are linked by keyboard alone, the evidence before one's eyes, and taken apart",
    async () => {
        const w = await open(await consoleOf("desk"));
        const press = async (words: string | RegExp) => {
            await tabTo(w, words);
            await w.page.keyboard.press("Enter");
        };
        await visit(w, "/duplicates");
        await press(/^Compare/);
        await w.page.getByRole("heading", { name: "Are these one person?" }).waitFor();
        await settled(w);
        await press("Link them");
        await w.page.getByRole("heading", { name: "There is a problem" }).waitFor();
        await visit(w, new URL(w.page.url()).pathname);
        await tabTo(w, "How do you know?");
        await w.page.keyboard.type("One passport");
        await press("Link them");
        await w.page.getByRole("alert").filter({ hasText: "each names the other" }).waitFor();
        await visit(w, `/records/${id("person")}`);
        await w.page.getByText("The same person as").waitFor();
        await visit(w, `/duplicates/${id("twin")}/${id("person")}`);
        await tabTo(w, "Link them");
        await tabTo(w, "How do you know?");
        await w.page.keyboard.type("Sisters");
        await press("Keep them apart");
        await w.page.getByRole("alert").waitFor();
        assert.deepEqual(w.faults, []);
    });

story("what stands aside is read, and let in for every member", async () => {
    const w = await open(await consoleOf("desk"));
    await visit(w, "/quarantine");
    await w.page.getByRole("link", { name: /Tomas Alvarez/ }).click();
    await w.page.getByRole("heading", { name: /Tomas Alvarez/ }).waitFor();
    await settled(w);
    await w.page.getByLabel("Why?").first().fill("She rang the desk about it");
    await w.page.getByRole("button", { name: "Let it in" }).click();
    await w.page.getByRole("alert").filter({ hasText: "1 change came into" }).waitFor();
    await visit(w, "/quarantine");
    assert.doesNotMatch(await w.page.locator("main").innerText(), /Tomas/);
    assert.equal(on("desk", "search", "Tomas").length, 1, "it is among the records");
    assert.deepEqual(w.faults, []);
});

story("a list has fifty to a page, and the page after goes on where it ends", async () => {
    const w = await open(await consoleOf("desk"));
    await visit(w, "/records/list/person");
    const rows = w.page.locator("main tbody tr");
    assert.equal(await rows.count(), 50);
    const last = await rows.last().locator("a").first().getAttribute("href");
    await w.page.getByRole("link", { name: "Older" }).click();
    await w.page.getByText(/older records/).waitFor();
    assert(await rows.count() > 10);
    const hrefs = await rows.locator("a").evaluateAll((all) =>
        all.map((a) => a.getAttribute("href")));
    assert(!hrefs.includes(last), "none is on both pages");
});

story("each sheet of a printed record is marked at its head and its foot", async () => {
    const w = await open(await consoleOf("desk"), { dark: true });
    await visit(w, `/records/${id("case_id")}`);
    const file = await w.page.pdf({ format: "A4" });
    const text = execFileSync("pdftotext", ["-", "-"], { input: file, encoding: "utf8" });
    const sheets = text.split("\f").filter((sheet) => sheet.trim() !== "");
    assert(sheets.length > 1, "it takes more than one sheet");
    for (const [i, sheet] of sheets.entries()) {
        const lines = sheet.split("\n").filter((line) => line.trim() !== "");
        assert.equal(lines[0], "OFFICIAL-SENSITIVE", `the head of sheet ${i + 1}`);
        assert(lines.filter((l) => l === "OFFICIAL-SENSITIVE").length >= 2, `sheet ${i + 1}`);
    }
    assert(!text.includes("/records/"), "no address is printed beside a link");
    const twice = text.replace(/\s+/g, " ").split("A lorry and a bicycle.").length - 1;
    assert(twice >= 2, "what the history folds away is on the paper");
    const shots = process.env["SHOTS"];
    if (shots) {
        execFileSync("pdftoppm", ["-png", "-r", "70", "-singlefile", "-", `${shots}/printed`],
            { input: file });
    }
});

story("an auditor reads what the desk reads, and finds nothing to decide", async () => {
    const w = await open(await consoleOf("ada"));
    await unlock(w, "ada");
    assert.equal(new URL(w.page.url()).pathname, "/desk");
    await visit(w, `/conflicts/${id("case_id")}`);
    const main = w.page.locator("main");
    assert.match(await main.innerText(), /Exiting/);
    assert.match(await main.innerText(), /Paused/);
    assert.equal(await main.getByRole("button").count(), 0, "nothing to press");
    await sound(w, "an auditor's conflict");
    await visit(w, `/quarantine/${aside[1]?.id}`);
    assert.equal(await main.getByRole("button").count(), 0, "nothing to let in");
    await sound(w, "an auditor's parcel");
});

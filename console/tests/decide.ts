// What the desk decides on its pages, by keyboard alone: reviews, corrections, what stands aside,
// what a family is told, who is shut out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Window, consoleOf, focused, on, open, proposes, settled, sound, story, tabTo, told,
    unlock, visit } from "./kit";

interface Device {
    name: string;
    device: string;
    state: string;
}

interface Aside {
    id: string;
    summary: string;
    decision: string;
}

const id = (name: string): string => {
    const value = told[name];
    assert(value, name);
    return value;
};

async function press(w: Window, words: string | RegExp): Promise<void> {
    await tabTo(w, words);
    await w.page.keyboard.press("Enter");
}

/** To a question, from where the focus is, and its answer. */
async function answer(w: Window, question: string, words: string): Promise<void> {
    await tabTo(w, question);
    await w.page.keyboard.type(words);
}

async function done(w: Window, words: string): Promise<void> {
    await w.page.getByRole("alert").filter({ hasText: words }).waitFor();
    await settled(w);
    assert.match((await focused(w)).words, new RegExp(words), "who can't see it hears it");
}

story("a review says why a record is kept, and is signed at once", async () => {
    const w = await open(await consoleOf("desk"));
    await visit(w, "/retention");
    await press(w, /^05\/0417/);
    await w.page.getByRole("heading", { name: /05\/0417/ }).waitFor();
    await settled(w);
    assert.match(await w.page.locator("main").innerText(), /Review due\s+1 May 2012/);
    await press(w, "Sign this review");
    await w.page.getByRole("heading", { name: "There is a problem" }).waitFor();
    assert.equal(await w.page.locator(".govuk-error-summary li").count(), 5, "each that lacks");
    await sound(w, "a review with nothing in it");
    await tabTo(w, "Retain");
    await w.page.keyboard.press("Space");
    for (const _ of ["Necessary", "Adequate", "Accurate"]) {
        await tabTo(w, "Yes");
        await w.page.keyboard.press("Space");
    }
    await answer(w, "Why?", "The inquest may be opened again");
    await press(w, "Sign this review");
    await done(w, "It is kept, and reviewed again");
    await sound(w, "a review that was signed");
    const [now] = on<{ stand: string; reviews: { decision: string; counts: boolean }[] }>("desk",
        "retention", "show", id("old_case"));
    assert.deepEqual([now?.stand, now?.reviews.map((r) => [r.decision, r.counts])],
        ["kept", [["retain", true]]]);
    await visit(w, "/retention");
    assert.doesNotMatch(await w.page.locator("main").innerText(), /05\/0417/);
    w.faults.length = 0;
});

story("a family's page has what they were told, on whose word, beside what is held back",
    async () => {
        const w = await open(await consoleOf("desk"));
        await visit(w, `/records/${id("case_id")}/family`);
        const main = w.page.locator("main");
        const held = await main.innerText();
        for (const topic of ["the speed of the lorry", "the phone"]) {
            assert(held.includes(topic), `held back: ${topic}, also by a proposal`);
        }
        const rows = await w.page.getByRole("table", { name: "Told" }).locator("tbody tr")
            .evaluateAll((all) => all.map((row) => (row as HTMLElement).innerText));
        assert.equal(rows.length, 2);
        const [opened, speed] = [rows.find((r) => r.includes("inquest")),
            rows.find((r) => r.includes("speed"))];
        assert.match(opened ?? "", /On 12 November.*DI Lee, decision 3.*20 Nov 2026/s);
        assert.doesNotMatch(opened ?? "", /held-back/);
        assert.match(speed ?? "", /Is on the held-back list.*DI Lee, by phone/s);
        await sound(w, "what a family was told");

        await press(w, "Put it in force");
        await tabTo(w, "Who approved it?");
        await w.page.keyboard.press("ArrowDown");
        await press(w, "Put it in force");
        await done(w, "It stands as it is written");
        assert.doesNotMatch(await main.innerText(), /waits for headquarters/);

        await press(w, "Say what came of it");
        await answer(w, "What came of it?", "They saw the place on Friday");
        await press(w, "Save");
        await done(w, "What came of it is saved");
        const [now] = on<{ strategy: { version: number; proposed: number };
            open: { answer: string | null; text: string }[] }>("desk", "liaison", "show",
            id("case_id"));
        assert.deepEqual(now?.strategy.version, 2);
        assert(!now?.open.some((o) => o.text === "To see the place" && o.answer === null));
        assert.deepEqual(w.faults, []);
    });

story("what stands aside is kept out, with a reason that every member sees", async () => {
    const [aside] = on<Aside>("desk", "quarantine", "list").filter((a) =>
        a.summary.startsWith("Not hers"));
    const w = await open(await consoleOf("desk"));
    await visit(w, `/quarantine/${aside?.id}`);
    await tabTo(w, "Let it in");
    await answer(w, "Why?", "Her tablet was stolen by then");
    await press(w, "Keep it out");
    await done(w, "It stays with every member");
    const [now] = on<Aside>("desk", "quarantine", "list").filter((a) => a.id === aside?.id);
    assert.equal(now?.decision, "refused");
    assert.equal(on("desk", "search", "Not hers").length, 0, "it is among no records");
    assert.deepEqual(w.faults, []);
});

story("an officer who knows better corrects the directory, and headquarters decides", async () => {
    const w = await open(await consoleOf("amir"), { width: 360 });
    await unlock(w, "amir");
    await visit(w, "/directory?find=1");
    await press(w, "Say what is right");
    await tabTo(w, "What is wrong?");
    await w.page.keyboard.type("What it does");
    await answer(w, "What is right?", "For those bereaved by homicide");
    await answer(w, "How do you know?", "I rang them");
    await press(w, "Send the correction");
    await done(w, "Headquarters' value stands until they decide");
    await sound(w, "a correction");
    on("amir", "sync");
    on("desk", "sync");
    const desk = await open(await consoleOf("desk"));
    await visit(desk, `/conflicts/${id("service")}`);
    const main = desk.page.locator("main");
    assert.match(await main.innerText(), /bereaved by homicide.*I rang them/s);
    assert.deepEqual([...w.faults, ...desk.faults], []);
});

story("what the log of use shows is saved as a file, whole", async () => {
    const w = await open(await consoleOf("desk"));
    await visit(w, `/audit?record=${id("person")}&since=all`);
    const all = on("desk", "audit", "--record", id("person")).length;
    assert(all > 3);
    const coming = w.page.waitForEvent("download");
    await press(w, "Save all of that time as a CSV file");
    const lines = readFileSync(await (await coming).path(), "utf8").split("\r\n");
    assert.equal(lines.length, all + 2, "a line each, its head, and the end");
    assert.doesNotMatch(lines.join(""), /Maria|07700/, "and nothing that stood in a record");
});

/** The file that a press of the button gives, line by line. */
async function saved(w: Window): Promise<string[]> {
    const coming = w.page.waitForEvent("download");
    await press(w, "Save this list as a CSV file");
    return readFileSync(await (await coming).path(), "utf8").split("\r\n").slice(0, -1);
}

story("looks at one list again and again are one line, and each is in the log", async () => {
    const looks = () => on<{ what: string; op: string; records: string[] }>("desk", "audit")
        .filter((e) => e.what === "desk" || e.what === "today").length;
    const before = looks();
    const w = await open(await consoleOf("desk"));
    for (let i = 0; i < 3; i += 1) await visit(w, "/overdue");
    assert.equal(looks(), before + 3, "each is in the log");
    await visit(w, "/audit?op=consultation");
    const main = w.page.locator("main");
    const lines = (await main.locator("tbody tr").allInnerTexts()).filter((l) =>
        /Looked at.*\bToday\b/s.test(l));
    assert(lines.length < 3 && lines.some((l) => /[0-9]+ times since/.test(l)), lines.join());
    assert.match(await main.locator("caption").innerText(), /entries in [0-9]+ lines/);
    await sound(w, "looks in one line");
});

story("each list is saved whole, with its marking in each line, and no cell is a formula",
    async () => {
        on("desk", "add", "person", "--space", "Family Liaison Unit", "name==1+1");
        const w = await open(await consoleOf("desk"));
        await visit(w, "/records/list/person");
        const persons = await saved(w);
        assert(persons.length > 60, "not the page alone");
        assert.match(persons[0] ?? "", /^"Marking","Record","Kind","When"/);
        assert(persons.slice(1).every((l) => l.startsWith('"OFFICIAL-SENSITIVE",')));
        assert(persons.some((l) => l.includes(`,"'=1+1",`)), "a formula is text");
        assert.doesNotMatch(persons.join(""), /Nightingale|07700/, "as the page shows them");
        const [last] = on<{ what: string; op: string }>("desk", "audit", "--limit", "1");
        assert.deepEqual([last?.op, last?.what], ["consultation", "list person, saved as a file"]);
        for (const [path, column, known] of [
            ["/overdue", "What", "A visit to the place"], ["/conflicts", "About", "Status"],
            ["/quarantine", "Author", "carol"], ["/devices", "Holds", "Family Liaison Unit"],
            ["/devices/log", "Signed by", "Administrator"], ["/directory?find=1", "Areas",
                "Walsall"], ["/directory/gaps", "What lacks", "Nobody"]] as const) {
            await visit(w, path);
            const [head, ...rows] = await saved(w);
            assert((head ?? "").includes(`"${column}"`), `${path}: ${head}`);
            assert(rows.join("\n").includes(known), `${path}: ${rows[0]}`);
        }
        assert.deepEqual(w.faults, []);
    });

story("an administrator lets a device into a space, and takes it out again", async () => {
    const ada = (on<Device[]>("admin", "device", "list")[0] ?? []).find((d) => d.name === "ada");
    const holds = () => on<(Device & { spaces: { name: string; role: string }[] })[]>("admin",
        "device", "list")[0]?.find((d) => d.name === "ada")?.spaces.map((s) => s.role);
    const w = await open(await consoleOf("admin"));
    await unlock(w, "admin");
    await visit(w, `/devices/${ada?.device}`);
    await sound(w, "who is let in");
    await press(w, "Take it out of Family Liaison Unit");
    await done(w, "The space has a new key");
    assert.deepEqual(holds(), []);
    await tabTo(w, "As what?");
    await w.page.keyboard.type("Aud");
    await press(w, "Let it in");
    await done(w, "with its next sync");
    assert.deepEqual(holds(), ["auditor"]);
    assert.deepEqual(w.faults, []);
});

story("an administrator shuts a device out; a proposal is agreed to, or declined, by the second",
    async () => {
        const devices = () => on<Device[]>("admin", "device", "list")[0] ?? [];
        const bethan = devices().find((d) => d.name === "bethan")?.device ?? "";
        const w = await open(await consoleOf("admin"));
        await visit(w, `/devices/${bethan}`);
        await press(w, "Shut it out");
        await w.page.getByText("Say why").first().waitFor();
        await sound(w, "shutting out");
        await tabTo(w, "It is lost");
        for (let i = 0; i < 2; i += 1) await w.page.keyboard.press("ArrowDown");
        assert(await w.page.getByLabel("Its officer has left").isChecked());
        await press(w, "Shut it out");
        await done(w, "The relay refuses that device");
        assert.equal(devices().find((d) => d.device === bethan)?.state, "revoked");

        const chief = await open(await consoleOf("chief"));
        await unlock(chief, "chief");
        for (const [button, name, hears] of [["Decline", "Operation Yew", "taken away"],
            ["Agree", "Operation Elm", "signed by both"]] as const) {
            proposes("admin", "space", "create", name, "--restricted", "--member", "chief=hq");
            on("chief", "sync");
            await visit(chief, "/devices/log");
            assert.match(await chief.page.locator("main").innerText(), new RegExp(name));
            await sound(chief, "a proposal");
            await press(chief, button);
            await done(chief, hears);
            assert.match(await chief.page.locator("main").innerText(), /Nothing waits/);
            on("admin", "sync");
        }
        const names = on<{ name: string }[]>("chief", "space", "list")[0]?.map((s) => s.name);
        assert(names?.includes("Operation Elm"));
        assert(!names?.includes("Operation Yew"));
        assert.deepEqual([...w.faults, ...chief.faults], []);
    });

story("who is let into a restricted space is in it when a second administrator has agreed",
    async () => {
        const ada = (on<Device[]>("admin", "device", "list", "ada")[0] ?? [])[0];
        const holds = (of: string) => on<(Device & { spaces: { name: string }[] })[]>(of, "device",
            "list", "ada")[0]?.[0]?.spaces.some((s) => s.name === "Operation Blackbird");
        const w = await open(await consoleOf("admin"));
        await visit(w, `/devices/${ada?.device}`);
        await tabTo(w, "Which space?");
        await w.page.keyboard.type("Operation B");
        await answer(w, "As what?", "Aud");
        await press(w, "Let it in");
        await w.page.getByText(/a second administrator must agree|with its next sync/).waitFor();
        await settled(w);
        assert.match(await w.page.locator("main").innerText(), /^Proposed/);
        await sound(w, "a restricted grant that is proposed");
        assert.equal(holds("admin"), false, "nobody is in it by one administrator's word");

        const chief = await open(await consoleOf("chief"));
        on("chief", "sync");
        await visit(chief, "/devices/log");
        // By its number: what devices are called, the second may not have got yet.
        assert.match(await chief.page.locator("main").innerText(),
            new RegExp(`${ada?.device.slice(0, 8)}.* into Operation Blackbird`));
        await press(chief, "Agree");
        await done(chief, "signed by both");
        on("admin", "sync");
        assert.equal(holds("admin"), true);
        await visit(w, `/devices/${ada?.device}`);
        await w.page.getByRole("button", { name: "Take it out of Operation Blackbird" }).waitFor();
        assert.deepEqual([...w.faults, ...chief.faults], []);
    });

story("devices are two hundred to a page, and the page after goes on where it ends", async () => {
    const devices = on<Device[]>("desk", "device", "list")[0] ?? [];
    const many = [...Array(200).keys()].map((i) => ({ ...devices[i % devices.length],
        name: `device ${i}`, device: i.toString(16).padStart(32, "0") }));
    const asked: string[][] = [];
    const w = await open(await consoleOf("desk"));
    await w.page.route("**/api/run", async (route) => {
        const { argv } = route.request().postDataJSON() as { argv: string[] };
        if (argv[0] !== "device" || argv[1] !== "list") return route.continue();
        asked.push(argv.slice(2));
        const lines = argv.some((a) => a.startsWith("--after=")) ? [devices] : [many];
        return route.fulfill({ json: { lines, error: null } });
    });
    await visit(w, "/devices");
    assert.equal(await w.page.locator("main tbody tr a[href^='/devices/0']").count(), 200);
    await sound(w, "two hundred devices");
    await w.page.getByRole("link", { name: "Later ones" }).click();
    await w.page.getByText(`${devices.length} devices, in the order`).waitFor();
    await w.page.getByRole("link", { name: "The first to join" }).waitFor();
    assert.deepEqual(asked, [["--limit=200", "--"],
        ["--limit=200", `--after=${many[199]?.device}`, "--"]]);
    assert.deepEqual(w.faults, []);
});

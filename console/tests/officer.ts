// The officer's screens on a phone: the stories of a day.
import assert from "node:assert/strict";
import test from "node:test";
import { consoleOf, focused, on, settled, tabTo, told, unlock, visit } from "./kit";
import { type Phone, killed, phone, relay, smallTargets, soundInBoth } from "./phone";

interface Kept { name: string; text: string }
interface Record { id: string; state: string; fields: { [name: string]: unknown } }

const caseId = told["case_id"] ?? "";
const person = told["person"] ?? "";
const scratches = () => on<Kept>("amir", "scratch", "list");
const begin = "He had his bicycle from his uncle. ";
const then = "Nobody told them where it is now.";
const patience_ms = 120_000;

const account = (w: Phone) => w.page.getByLabel("What the family said");
const press = (w: Phone, name: string) => w.page.getByRole("button", { name }).click();

async function arrived(w: Phone, path: RegExp): Promise<void> {
    await w.page.waitForURL(path);
    await settled(w);
}

/** The store has acknowledged each key: the page says so. */
async function allKept(w: Phone): Promise<void> {
    await w.page.getByText("What you type is kept on this device.").waitFor();
}

/** Waits for the store to hold it, however long that takes. */
async function inStore(w: Phone, what: string, text: string): Promise<Kept> {
    const end = Date.now() + patience_ms;
    for (;;) {
        const found = scratches().find((k) => k.text === text);
        if (found) return found;
        assert(Date.now() < end, `${what}: ${JSON.stringify(scratches())}`);
        await w.page.evaluate(() => 0); // what the browser waits for from here is done meanwhile
    }
}

async function unfold(w: Phone, title: string): Promise<void> {
    const box = w.page.locator("details").filter({
        has: w.page.locator("summary", { hasText: title }) });
    if ((await box.getAttribute("open")) === null) await box.locator("summary").click();
}

// ---- no word is lost (P1) -----------------------------------------------------------------------

test("every word is there after the browser was killed while it was typed", async () => {
    const w = await phone(await consoleOf("amir"));
    await unlock(w, "amir");
    assert.equal(new URL(w.page.url()).pathname, "/today", "an officer begins with today");
    await soundInBoth(w, "officer-today");
    const keys = w.page.keyboard;
    await tabTo(w, "Log a contact");
    await keys.press("Enter");
    await arrived(w, /contacts\/new\/new-/);
    await soundInBoth(w, "officer-contact-new");
    await tabTo(w, "Find Case");
    await keys.press("Enter");
    await w.page.locator(".daybook-pick__item").first().waitFor();
    await keys.press("Tab");
    await keys.press("Enter");
    await w.page.getByText("the speed of the lorry").waitFor();
    await tabTo(w, "Method");
    await keys.type("Visit");
    await tabTo(w, "We contacted the family");
    await keys.press("Space");
    await tabTo(w, "What the family said");
    await keys.type(begin + then, { delay: 15 });
    await tabTo(w, "What you told them");
    await keys.press("Enter");
    await tabTo(w, "Add to: What you told them");
    await keys.press("Enter");
    await keys.type("the inquest", { delay: 20 });
    await allKept(w);
    await w.kill();
    const kept = scratches().find((k) => k.name.endsWith("/account"));
    assert.equal(kept?.text, begin + then, "each word is in the store when the browser has died");
});

test("a word that has ended is kept at once; one that hasn't, after a moment", async () => {
    const w = await phone(await consoleOf("amir"));
    await settled(w);
    await visit(w, "/contacts/new");
    // No timer of the page's fires any more: what is kept now waited for none.
    await w.page.clock.install();
    await w.page.clock.pauseAt(Date.now() + 60_000);
    await account(w).pressSequentially("one ");
    await inStore(w, "the first word", "one ");
    await account(w).pressSequentially("two,");
    await inStore(w, "the second", "one two,");
    await account(w).pressSequentially(" thr");
    await inStore(w, "a space ends a word", "one two, ");
    await w.page.clock.resume();
    const last = await inStore(w, "half a word", "one two, thr");
    await w.kill();
    on("amir", "scratch", "drop", last.name.split("/").slice(0, 2).join("/"));
});

let w: Phone;

test("what was typed comes first when it is opened again", async () => {
    w = await phone(await consoleOf("amir"));
    await settled(w);
    assert.equal(await w.page.locator("h2").first().innerText(), "Typed, and not saved yet");
    await soundInBoth(w, "officer-today-typed");
    await press(w, "Go on with this new contact");
    await arrived(w, /contacts\/new\/new-/);
    assert.equal(await account(w).inputValue(), begin + then);
    assert.equal(await w.page.getByLabel("Method").inputValue(), "visit");
    assert(await w.page.getByLabel("We contacted the family").isChecked());
    assert.equal(await w.page.locator("[name='told[0].topic']").inputValue(), "the inquest");
    assert.match(await w.page.locator(".daybook-pick__chosen").first().innerText(), /20\/1234/);
});

test("locking in the middle of a word loses none of it, whoever locks", async () => {
    await account(w).press("End");
    await account(w).pressSequentially(" Lo");
    await w.page.getByRole("banner").getByRole("button", { name: "Lock" }).click();
    await unlock(w, "amir");
    assert.equal(await account(w).inputValue(), `${begin}${then} Lo`, "the button keeps first");

    on("amir", "lock");
    await account(w).press("End");
    await account(w).pressSequentially("ck");
    await w.page.getByText("came after it was locked").waitFor();
    assert.equal(await w.page.locator("textarea").count(), 0, "and nothing else is shown");
    await unlock(w, "amir");
    await account(w).waitFor();
    assert.equal(await account(w).inputValue(), `${begin}${then} Lock`);
});

let contact = "";

test("a save that fails says where, and loses nothing; one that works leaves nothing", async () => {
    await unfold(w, "What you told them");
    const strategy = w.page.getByLabel("Strategy in force");
    await strategy.fill("9999");
    await press(w, "Save");
    await w.page.locator(".govuk-error-summary").waitFor();
    assert(await w.page.locator("[data-field=strategy_version] .govuk-error-message").isVisible());
    assert.equal(await account(w).inputValue(), `${begin}${then} Lock`);
    assert(scratches().length > 0);
    w.faults.length = 0;
    await soundInBoth(w, "officer-contact-problem");
    await strategy.fill("1");
    await press(w, "Save");
    await arrived(w, /contacts\/[0-9a-f-]{36}$/);
    await soundInBoth(w, "officer-contact");
    contact = w.page.url().split("/").pop() ?? "";
    const [record] = on<Record>("amir", "show", contact);
    assert.equal(record?.fields["account"], `${begin}${then} Lock`);
    assert.deepEqual(record?.fields["told"], [{ topic: "the inquest" }]);
    assert.equal(record?.fields["case_id"], caseId);
    assert.deepEqual(scratches(), [], "nothing waits beside what is saved");
});

test("what is changed and added is kept as well, until it is signed and saved", async () => {
    await press(w, "Sign this contact");
    await w.page.getByText("Fact or assessment: this is needed").first().waitFor();
    await w.page.getByRole("link", { name: "Change it" }).click();
    await arrived(w, /edit$/);
    await press(w, "Add to: Present");
    await w.page.getByLabel("Or their name").fill("The uncle");
    await w.page.getByLabel("Their part").selectOption("family");
    await unfold(w, "For the record");
    await w.page.getByLabel("Fact", { exact: true }).check();
    await allKept(w);
    await w.page.reload();
    await settled(w);
    assert.equal(await w.page.getByLabel("Or their name").inputValue(), "The uncle");
    await press(w, "Save");
    await arrived(w, /contacts\/[0-9a-f-]{36}$/);
    await press(w, "Sign this contact");
    await w.page.getByText("The contact is signed").waitFor();
    await settled(w);
    const added = w.page.getByLabel("What is to be added?");
    await added.pressSequentially("The uncle rang back.");
    await allKept(w);
    await w.page.reload();
    await settled(w);
    assert.equal(await added.inputValue(), "The uncle rang back.");
    await w.page.getByLabel("Why?").fill("He rang at noon");
    await w.page.getByRole("button", { name: "Add", exact: true }).click();
    await w.page.getByText("The addendum is saved").waitFor();
    assert.equal(on<Record>("amir", "show", contact)[0]?.state, "signed");
    assert.deepEqual(scratches(), []);
});

// ---- the safe-contact interlock (P6) ------------------------------------------------------------

const number = "07700 900123";
const inPage = async () => (await w.page.content()).includes("900123");

test("the rule is read before any number is there, each time", async () => {
    await visit(w, "/persons");
    await soundInBoth(w, "officer-persons");
    await w.page.getByLabel("Search for a person").fill("maria");
    await press(w, "Search");
    await w.page.getByText("with all these words").waitFor();
    const answers: Promise<string>[] = [];
    w.page.on("response", (r) => {
        if (r.url().endsWith("/api/run")) answers.push(r.text().catch(() => ""));
    });
    await w.page.getByRole("link", { name: /Only through/ }).click();
    const rule = w.page.getByRole("dialog");
    for (let i = 0; i < 2; i += 1) {
        await rule.waitFor();
        assert(!(await inPage()), "no number is in the page");
        const heard = await Promise.all(answers.splice(0));
        assert(heard.length > 0 && !heard.some((text) => text.includes(number)),
            "nor did the page ask for one");
        assert.match(await rule.innerText(), /Only by her sister/);
        const { width, height } = await rule.boundingBox() ?? { width: 0, height: 0 };
        assert(width >= 360 && height >= 740, "the rule has the whole screen");
        assert.deepEqual(await rule.getByRole("button").allInnerTexts(), ["I have read this"]);
        if (i === 0) await soundInBoth(w, "officer-person-rule");
        for (let tab = 0; tab < 6; tab += 1) {
            await w.page.keyboard.press("Tab");
            assert(await w.page.evaluate(() => document.activeElement === document.body ||
                document.activeElement?.closest("dialog") !== null), "the keyboard stays within");
        }
        await tabTo(w, "I have read this");
        await w.page.keyboard.press("Enter");
        await w.page.getByText(number).waitFor();
        assert.equal(await w.page.locator("a[href^='tel:']").count(), 0,
            "a number that isn't safe can't be pressed");
        assert.equal(await w.page.getByText("Not safe: don't use").count(), 1);
        if (i === 0) await soundInBoth(w, "officer-person");
        await visit(w, "/persons");
        answers.splice(0);
        await w.page.goBack();
    }
    await rule.waitFor();
    await w.page.keyboard.press("Escape");
    await w.page.waitForURL(/persons$/);
    assert(!(await inPage()), "who goes back has seen none");
    const read = on<{ op: string; records: string[] }>("amir", "audit").filter((line) =>
        line.op === "consultation" && line.records.includes(person));
    assert(read.length >= 2, "each look is in the log of use");
});

test("a person is added by keyboard: how they are reached is asked before a number (P1, P6)",
    async () => {
        const keys = w.page.keyboard;
        await visit(w, "/persons");
        await tabTo(w, "Add a person");
        await keys.press("Enter");
        await arrived(w, /persons\/new\/new-/);
        const numbers = w.page.locator("[data-part='Numbers and addresses']");
        assert(!(await numbers.isVisible()), "no number is asked for yet");
        await soundInBoth(w, "officer-person-new");
        await tabTo(w, "Name");
        await keys.type("Ana <b>Lopes</b>");
        await tabTo(w, "Save");
        await keys.press("Enter");
        await w.page.locator(".govuk-error-summary").waitFor();
        assert.match((await focused(w)).words, /Say how they may be reached safely/);
        await soundInBoth(w, "officer-person-problem");
        const rule = w.page.locator("[data-field=safe_rule]");
        assert.equal(await rule.getByRole("radio").count(), 6, "each rule, and not known");
        await tabTo(w, "No restriction");
        for (let i = 0; i < 2; i += 1) await keys.press("ArrowDown");
        assert(await rule.getByLabel("Never at").isChecked());
        assert(await numbers.isVisible());
        await tabTo(w, "Safe contact in words");
        await keys.type("At the shop, where he works too");
        const one = (field: string, answer: string) =>
            w.page.locator(`[data-field=${field}]`).getByLabel(answer, { exact: true });
        await one("safe_message", "No").check();
        await one("safe_post", "Not known").check();
        await tabTo(w, /^Add to: Phones|^Add.*Phones$/);
        await keys.press("Enter");
        await keys.type("07700 900456");
        await w.page.locator("[data-field='phones[0].safe']").getByLabel("No", { exact: true })
            .check();
        await allKept(w);
        await w.kill();
        w = await phone(await consoleOf("amir"));
        await settled(w);
        await soundInBoth(w, "officer-today-person");
        await press(w, "Go on with this new person");
        await arrived(w, /persons\/new\/new-/);
        assert.equal(await w.page.locator("[name='phones[0].value']").inputValue(), "07700 900456");
        await w.page.getByLabel("Part", { exact: true }).selectOption("close_relative");
        await w.page.getByLabel("Victim", { exact: true }).check();
        await press(w, "Save");
        const read = w.page.getByRole("dialog");
        await read.waitFor();
        assert.match(await read.innerText(), /Never at.*At the shop/s, "who added it reads it too");
        assert(!(await w.page.content()).includes("900456"));
        const added = w.page.url().split("/").pop() ?? "";
        const [record] = on<Record>("amir", "show", added, "--safe-contact-read");
        const f = record?.fields ?? {};
        assert.deepEqual([f["name"], f["safe_rule"], f["safe_rule_detail"], f["safe_message"],
            f["safe_post"], f["phones"], f["role_in_case"], f["s38_category"]],
        ["Ana <b>Lopes</b>", "never_at", "At the shop, where he works too", false, "not_known",
            [{ value: "07700 900456", safe: false }], [{ role: "close_relative" }],
            [{ category: "victim" }]]);
        assert.deepEqual(scratches(), []);

        // What is learnt later is added: what was written before isn't written again.
        await visit(w, `/persons/${added}/edit`);
        assert(!(await w.page.content()).includes("900456"), "no number unread, here neither");
        await press(w, "Add to: Phones");
        await w.page.locator("[name='phones[0].value']").fill("07700 900457");
        await w.page.locator("[data-field='phones[0].safe']").getByLabel("Yes", { exact: true })
            .check();
        await press(w, "Add another to: Part in the case");
        await w.page.locator("[name='role_in_case[1].role']").selectOption("witness");
        await press(w, "Save");
        await read.waitFor();
        const [now] = on<Record>("amir", "show", added, "--safe-contact-read");
        assert.deepEqual(now?.fields["phones"], [{ value: "07700 900456", safe: false },
            { value: "07700 900457", safe: true }]);
        assert.deepEqual(now?.fields["role_in_case"], [{ role: "close_relative" },
            { role: "witness" }]);
    });

// ---- airport: a minute (domain.md section 4.8) --------------------------------------------------

test("families are counted by a thumb and by keys, and one too many is taken back", async () => {
    await visit(w, "/interventions");
    await soundInBoth(w, "officer-airport");
    await visit(w, "/flights/new");
    await soundInBoth(w, "officer-flight-new");
    for (const [label, text] of [["Flight number", "TK1234"], ["Carrier", "Turkish"],
        ["From", "BHX"], ["To", "IST"], ["Operation", "LL26"], ["Airport", "BHX"]] as const) {
        await w.page.getByLabel(label, { exact: true }).fill(text);
    }
    await w.page.getByLabel("Outbound").check();
    await press(w, "Save");
    await arrived(w, /flights\/[0-9a-f-]{36}$/);
    await soundInBoth(w, "officer-flight");
    assert.deepEqual(await smallTargets(w), []);
    const adults = w.page.getByRole("button", { name: "Count one: Adults spoken to" });
    for (let i = 0; i < 5; i += 1) await adults.click();
    await press(w, "Take one back: Adults spoken to");
    await w.page.getByRole("list", { name: "Counters" }).focus();
    await w.page.keyboard.type("111u5");
    await w.page.getByText("All that you counted is kept").waitFor();
    const id = w.page.url().split("/").pop() ?? "";
    const fields = on<Record>("amir", "show", id)[0]?.fields ?? {};
    assert.deepEqual([fields["adults"], fields["families_approached"], fields["girls_5_8"]],
        [5, 3, 1]);
    assert.deepEqual(fields["corrections"], [{ counter: "adults" },
        { counter: "families_approached" }]);
    await w.page.reload();
    await settled(w);
    const row = (label: string) => w.page.locator(".daybook-tally__row").filter({ hasText: label })
        .locator(".daybook-tally__number").innerText();
    assert.deepEqual([await row("Adults"), await row("approached")], ["4", "2"]);
});

test("an intervention takes a minute by the keyboard alone, and names nobody", async () => {
    const began = Date.now();
    const keys = w.page.keyboard;
    await tabTo(w, "Record an intervention");
    await keys.press("Enter");
    await w.page.getByRole("heading", { name: "Who was there?" }).waitFor();
    await soundInBoth(w, "officer-intervention-count");
    assert.deepEqual(await smallTargets(w), []);
    await tabTo(w, "Adults");
    await keys.type("2");
    await tabTo(w, "Girls 9 to 13");
    await keys.type("1");
    await tabTo(w, "Continue");
    await keys.press("Enter");
    await w.page.getByRole("heading", { name: "Why this family?" }).waitFor();
    await tabTo(w, "Everybody on the flight");
    await keys.press("ArrowDown");
    await soundInBoth(w, "officer-intervention-why");
    await tabTo(w, "Continue");
    await keys.press("Enter");
    await w.page.getByRole("heading", { name: "How did it go?" }).waitFor();
    await tabTo(w, "Engaged");
    await keys.press("Space");
    await tabTo(w, "Continue");
    await keys.press("Enter");
    await w.page.getByRole("heading", { name: "What came of it?" }).waitFor();
    await soundInBoth(w, "officer-intervention-outcome");
    await tabTo(w, "Advice only");
    await keys.press("Space");
    await tabTo(w, "Continue");
    await keys.press("Enter");
    await w.page.getByRole("heading", { name: "Anything else?" }).waitFor();
    await tabTo(w, "Save");
    await keys.press("Enter");
    await arrived(w, /interventions\/[0-9a-f]{8}-/);
    assert(Date.now() - began < 60_000, "within a minute, axe's looks included");
    await soundInBoth(w, "officer-intervention");
    const id = new URL(w.page.url()).pathname.split("/").pop() ?? "";
    const fields = on<Record>("amir", "show", id)[0]?.fields ?? {};
    assert.deepEqual(fields["group"], { adults: 2, girls_9_13: 1 });
    assert.deepEqual(fields["outcome"], ["advice_only"]);
    assert.equal(fields["selection_basis"], "all_with_girls_under_18");
    assert.equal(fields["op_ref"], "LL26", "the flight says which operation");
    assert.equal(fields["persons"], undefined);
    assert.deepEqual(scratches(), []);
});

test("only an outcome that justifies it asks for a name; the next family is quicker", async () => {
    await press(w, "Next family");
    await w.page.getByRole("heading", { name: "Who was there?" }).waitFor();
    await press(w, "One more: Adults");
    await press(w, "Continue");
    await w.page.getByRole("heading", { name: "Why this family?" }).waitFor();
    assert(await w.page.getByLabel("All families with girls under 18").isChecked(),
        "as for the family before");
    await press(w, "Continue");
    await w.page.getByRole("heading", { name: "How did it go?" }).waitFor();
    await press(w, "Continue");
    await w.page.getByRole("heading", { name: "What came of it?" }).waitFor();
    await w.page.getByLabel("Safeguarding referral").check();
    await press(w, "Continue");
    await w.page.getByRole("heading", { name: "Who is it about?" }).waitFor();
    await soundInBoth(w, "officer-intervention-who");
    await w.kill();
    w = await phone(await consoleOf("amir"));
    await settled(w);
    await press(w, "Go on with this new intervention");
    await w.page.getByRole("heading", { name: "Who was there?" }).waitFor();
    assert.equal(await w.page.getByLabel("Adults", { exact: true }).inputValue(), "1");
    await press(w, "Save now");
    await arrived(w, /interventions\/[0-9a-f]{8}-/);
});

// ---- without a network --------------------------------------------------------------------------

test("all but the exchange works without a network, and says so", async () => {
    await visit(w, "/today");
    const sync = w.page.getByRole("main").getByRole("button", { name: "Sync now" });
    await sync.click();
    await w.page.getByText("Headquarters can't be reached now").waitFor();
    assert(await w.page.getByText("What you wrote is safe on this device").first().isVisible());
    await w.page.getByText("did not get through").first().waitFor();
    await soundInBoth(w, "officer-no-network");

    await visit(w, "/contacts/new");
    await account(w).pressSequentially("while it", { delay: 10 });
    await w.page.getByRole("banner").getByRole("button", { name: "Sync now" }).click();
    await account(w).pressSequentially(" is exchanged", { delay: 10 });
    await w.page.getByText("Headquarters can't be reached now").waitFor();
    await account(w).pressSequentially(", and after", { delay: 10 });
    assert.equal(await account(w).inputValue(), "while it is exchanged, and after",
        "an exchange takes no place from who is typing");
    await unfold(w, "Throw away");
    await press(w, "Throw it away");
    await w.page.getByText("What was typed and not saved is gone").waitFor();

    const server = await relay(told["relay_at"] ?? "");
    await visit(w, "/today");
    await sync.click();
    await w.page.getByText("Exchanged", { exact: true }).waitFor();
    on("desk", "sync");
    assert.equal(on<Record>("desk", "show", contact)[0]?.state, "signed", "headquarters has it");
    await killed(server);
    await w.kill();
});

// ---- a tablet that only writes (decision 0011) --------------------------------------------------

test("a shared tablet takes a sheet and a family, shows neither again, and says why (P3)",
    async () => {
        const server = await relay(told["relay_at"] ?? "");
        w = await phone(await consoleOf("tablet"));
        await unlock(w, "tablet");
        assert.equal(new URL(w.page.url()).pathname, "/today");
        await soundInBoth(w, "officer-tablet");
        assert.match(await w.page.getByRole("main").innerText(), /This tablet only writes/);
        assert.deepEqual(await w.page.locator("nav[aria-label=Menu] a").allInnerTexts(), ["Today"],
            "nothing leads to what it can't show");
        assert.deepEqual(await smallTargets(w), []);
        await press(w, "New flight sheet");
        await arrived(w, /flights\/new\/new-/);
        await w.page.getByLabel("Flight number").fill("TK1235");
        await w.page.getByLabel("Adults spoken to").fill("4");
        await allKept(w);
        await w.page.reload();
        await settled(w);
        assert.equal(await w.page.getByLabel("Adults spoken to").inputValue(), "4");
        await press(w, "Save");
        await w.page.getByRole("heading", { name: "Saved and sealed" }).waitFor();
        await soundInBoth(w, "officer-sealed");
        const sheet = new URL(w.page.url()).pathname.split("/").pop() ?? "";
        await press(w, "Record an intervention on this flight");
        await w.page.getByRole("heading", { name: "Who was there?" }).waitFor();
        await press(w, "One more: Adults");
        await press(w, "Save now");
        await w.page.getByRole("heading", { name: "Saved and sealed" }).waitFor();
        const family = new URL(w.page.url()).pathname.split("/").pop() ?? "";
        for (const path of ["/flights", `/flights/${sheet}`, "/persons", "/records",
            `/records/${family}`]) {
            await visit(w, path);
            await w.page.getByRole("heading", { name: "There is no such page" }).waitFor();
        }
        await visit(w, "/today");
        await w.page.getByRole("main").getByRole("button", { name: "Sync now" }).click();
        await w.page.getByText("Exchanged", { exact: true }).waitFor();
        on("desk", "sync");
        const [flight] = on<Record>("desk", "show", sheet);
        assert.deepEqual([flight?.fields["number"], flight?.fields["adults"]], ["TK1235", 4]);
        const [seen] = on<Record>("desk", "show", family);
        assert.deepEqual([seen?.fields["flight"], seen?.fields["group"]], [sheet, { adults: 1 }]);
        assert.deepEqual(w.faults, []);
        await killed(server);
        await w.kill();
    });

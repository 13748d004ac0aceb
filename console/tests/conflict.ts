// Two officers, one conflict: decided at headquarters by keyboard alone.
import assert from "node:assert/strict";
import { consoleOf, focused, on, open, settled, sound, story, tabTo, told, unlock, visit } from
    "./kit";

interface Shown {
    fields: Record<string, unknown>;
}

const id = told["case_id"] ?? "";

story("headquarters decides between two officers' values by keyboard alone (P2)", async () => {
    const w = await open(await consoleOf("desk"));
    const keys = w.page.keyboard;
    await unlock(w, "desk");
    assert.equal(new URL(w.page.url()).pathname, "/desk", "the desk is its first page");

    await tabTo(w, "Sync now");
    await keys.press("Enter");
    await w.page.getByRole("alert").filter({ hasText: "new conflict" }).waitFor();
    await settled(w);

    await tabTo(w, "Conflicts to decide");
    await keys.press("Enter");
    await settled(w);
    await tabTo(w, /^20\/1234/);
    await keys.press("Enter");
    await settled(w);
    assert.match(await w.page.title(), /^Conflict - Daybook$/, "no word of a record in a title");
    await sound(w, "the conflict");

    const main = w.page.locator("main");
    for (const words of ["Paused", "The family is abroad", "Exiting", "The inquest is over",
        "Written by amir", "Written by bethan", "The last value that all had seen"]) {
        assert(await main.getByText(words, { exact: false }).count() > 0, `it shows: ${words}`);
    }
    const cards = w.page.locator(".daybook-choice");
    const before = await cards.filter({ hasText: "all had seen" }).textContent();
    assert.match(before ?? "", /Proposed.*Written by amir/, "the last value that both had seen");

    // Without a choice and a reason nothing is decided, and the page says what lacks.
    await tabTo(w, /^Decide status/);
    await keys.press("Enter");
    await w.page.getByRole("heading", { name: "There is a problem" }).waitFor();
    assert.equal(await w.page.locator(".govuk-error-summary li").count(), 2, "both are named");
    await sound(w, "the problem");

    // One key takes a value; its reason has the focus then; Enter decides.
    const wanted = await cards.filter({ hasText: "Exiting" }).locator("kbd").textContent();
    await keys.press(wanted ?? "");
    assert.equal((await focused(w)).words, "Why?");
    await keys.type("Confirmed with the coroner's officer: 2 pm");
    assert.equal(await w.page.locator("input[type=radio]:checked").count(), 1,
        "a digit within the reason chooses nothing");
    await keys.press("Enter");
    await w.page.getByRole("alert").filter({ hasText: "Status is decided" }).waitFor();
    await settled(w);
    await sound(w, "the decision");

    await tabTo(w, "Sync now");
    await keys.press("Enter");
    await w.page.getByRole("alert").filter({ hasText: "sent" }).waitFor();
    assert.deepEqual(w.faults, []);
});

story("the officer sees the decision and its reason after a sync", async () => {
    on("amir", "sync");
    const [shown] = on<Shown>("amir", "show", id);
    assert.equal(shown?.fields["status"], "exiting");
    assert.equal(shown?.fields["status_reason"], "The inquest is over");
    const w = await open(await consoleOf("amir"), { width: 360 });
    await unlock(w, "amir");
    await visit(w, `/records/${id}`);
    const history = w.page.locator(".daybook-timeline");
    assert.match(await history.textContent() ?? "", /Why: Confirmed with the coroner's officer/);
    await sound(w, "the record");
});

story("headquarters takes its decision back, and both stay in the history", async () => {
    const w = await open(await consoleOf("desk"));
    await visit(w, `/conflicts/${id}`);
    await w.page.getByText("Take it back, for bethan's value").click();
    const undo = w.page.locator("details[open]");
    await undo.getByLabel("Why?").fill("It was another family");
    await undo.getByRole("button", { name: "Decide for this value" }).click();
    await w.page.getByRole("alert").filter({ hasText: "decided anew" }).waitFor();
    await visit(w, `/records/${id}`);
    const history = await w.page.locator(".daybook-timeline").textContent() ?? "";
    assert.match(history, /Why: It was another family/);
    assert.match(history, /Why: Confirmed with the coroner's officer/);
    const [shown] = on<Shown>("desk", "show", id);
    assert.equal(shown?.fields["status"], "paused");
    assert.deepEqual(w.faults, []);
});

story("two officers on one flight sheet: neither replaces a value that she hasn't seen (P2)",
    async () => {
        const sheet = told["sheet"] ?? "";
        const w = await open(await consoleOf("amir"));
        await visit(w, `/flights/${sheet}/edit`);
        const carrier = w.page.getByLabel("Carrier", { exact: true });
        const save = w.page.getByRole("button", { name: "Save", exact: true });
        await carrier.fill("Turkish");
        on("bethan", "edit", sheet, "carrier=Turkish Airlines", "adults+=2");
        on("bethan", "sync");
        await w.page.getByRole("banner").getByRole("button", { name: "Sync now" }).click();
        await w.page.getByText("1 record changed").waitFor();
        assert.equal(await carrier.inputValue(), "Turkish", "an exchange takes no word away");

        await save.click();
        await w.page.getByText("Not saved yet").waitFor();
        await settled(w);
        const theirs = w.page.locator(".daybook-meanwhile");
        assert.match(await theirs.innerText(), /Carrier\s+Turkish Airlines/);
        assert.equal(await carrier.inputValue(), "Turkish", "and what was typed is kept");
        assert.equal(on<Shown>("amir", "show", sheet)[0]?.fields["carrier"], "Turkish Airlines");
        await sound(w, "what came in meanwhile");
        await visit(w, `/flights/${sheet}/edit`);
        await theirs.waitFor(); // also for who comes back later

        await save.click();
        await w.page.getByText("The changes are saved").waitFor();
        const fields = on<Shown>("amir", "show", sheet)[0]?.fields;
        assert.deepEqual([fields?.["carrier"], fields?.["adults"]], ["Turkish", 2]);
        await visit(w, `/flights/${sheet}/edit`);
        assert.equal(await theirs.count(), 0);
        w.faults.length = 0; // the browser's word of the status that said no
    });

story("a value that neither wrote is filled in by hand, with a reason", async () => {
    on("amir", "sync");
    on("bethan", "sync");
    on("amir", "edit", id, "summary=A lorry and a bicycle");
    on("bethan", "edit", id, "summary=A van and a bicycle");
    for (const who of ["amir", "bethan", "desk"]) on(who, "sync");
    const w = await open(await consoleOf("desk"));
    await visit(w, `/conflicts/${id}`);
    await tabTo(w, /^Write another value for/);
    await w.page.keyboard.press("Enter");
    await tabTo(w, "What happened");
    await w.page.keyboard.press("Control+A");
    await w.page.keyboard.type("A van, a lorry and a bicycle");
    await tabTo(w, "Why?");
    await w.page.keyboard.type("Both were there");
    await tabTo(w, "Decide for this value");
    await w.page.keyboard.press("Enter");
    await w.page.getByRole("alert").filter({ hasText: "is decided" }).waitFor();
    await settled(w);
    await sound(w, "the value by hand");
    assert.equal(on<Shown>("desk", "show", id)[0]?.fields["summary"],
        "A van, a lorry and a bicycle");
    await visit(w, `/records/${id}`);
    const history = await w.page.locator(".daybook-timeline").textContent() ?? "";
    for (const words of ["Why: Both were there", "A lorry and a bicycle", "A van and a bicycle"]) {
        assert(history.includes(words), `the history keeps: ${words}`);
    }
    assert.deepEqual(w.faults, []);
});

story("what came in while headquarters looked is decided by nobody who hasn't seen it (P2)",
    async () => {
        for (const who of ["amir", "bethan"]) on(who, "sync");
        on("amir", "edit", id, "summary=By the first");
        on("bethan", "edit", id, "summary=By the second");
        for (const who of ["amir", "bethan", "desk"]) on(who, "sync");
        const w = await open(await consoleOf("desk"));
        await visit(w, `/conflicts/${id}`);
        on("amir", "edit", id, "summary=By the first, again");
        for (const who of ["amir", "desk"]) on(who, "sync");
        await w.page.keyboard.press("1");
        await w.page.keyboard.type("The first was there");
        await w.page.keyboard.press("Enter");
        await w.page.getByText("Not decided", { exact: true }).waitFor();
        await settled(w);
        assert.match(await w.page.locator("main").innerText(), /By the first, again/);
        const [now] = on<{ groups: unknown[] }>("desk", "conflicts", id);
        assert.equal(now?.groups.length, 1, "it still waits");
    });

story("locking takes everything off the page, and only the passphrase brings it back", async () => {
    const w = await open(await consoleOf("desk"));
    await visit(w, `/records/${id}`);
    await w.page.getByRole("button", { name: "Lock", exact: true }).click();
    await w.page.getByRole("heading", { name: "Daybook is locked" }).waitFor();
    assert(!(await w.page.content()).includes("20/1234"), "no word of the record is left");
    await sound(w, "the locked page");
    await w.page.keyboard.type("not the passphrase");
    await w.page.keyboard.press("Enter");
    await w.page.getByRole("heading", { name: "There is a problem" }).waitFor();
    await w.page.getByLabel("Passphrase").focus();
    await unlock(w, "desk");
    assert.equal(new URL(w.page.url()).pathname, `/records/${id}`, "where one was before");

    const stranger = await open(w.base);
    await stranger.page.getByRole("heading", { name: "Open Daybook from its program" }).waitFor();
    await sound(stranger, "the page without a session");
    const kept = await w.page.evaluate(() => [localStorage.length, sessionStorage.length,
        document.cookie]);
    assert.deepEqual(kept, [0, 0, ""], "nothing is kept in the browser");
});

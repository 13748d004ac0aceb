// What shows that somebody signed two histories: told on the first page, and settled by keyboard
// alone, with a word on what it was.
import assert from "node:assert/strict";
import { consoleOf, on, open, settled, sound, story, tabTo, unlock, visit } from "./kit";

interface Finding {
    settled: string | null;
}

story("what shows two histories is told on the first page, and settled with a word on what it was",
    async () => {
        const w = await open(await consoleOf("desk"), { width: 360 });
        await unlock(w, "desk");
        await visit(w, "/desk");
        await tabTo(w, "1 finding");
        await w.page.keyboard.press("Enter");
        await w.page.getByRole("heading", { name: "Two histories" }).waitFor();
        await settled(w);
        const main = w.page.locator("main");
        assert.match(await main.innerText(), /bethan signed two different histories/i);
        await sound(w, "a finding");
        await tabTo(w, "Settle this finding");
        await w.page.keyboard.press("Enter");
        await w.page.getByRole("heading", { name: "There is a problem" }).waitFor();
        await sound(w, "a finding without a word");
        await visit(w, "/devices/evidence");
        await tabTo(w, "Who looked into it, and what was it?");
        await w.page.keyboard.type("I rang him: a copy of his disk");
        await tabTo(w, "Settle this finding");
        await w.page.keyboard.press("Enter");
        await w.page.getByRole("alert").filter({ hasText: "The finding stays" }).waitFor();
        await settled(w);
        assert.match(await main.innerText(), /All of it is settled.*a copy of his disk/s);
        await sound(w, "a finding that is settled");
        assert.deepEqual(on<Finding>("desk", "evidence", "list").map((f) => f.settled),
            ["I rang him: a copy of his disk"]);
        await visit(w, "/desk");
        assert.doesNotMatch(await main.innerText(), /finding/);
        assert.deepEqual(w.faults, []);
    });

// Figures: pictures, tables and files that say the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { type Look, type Window, consoleOf, on, open, settled, sound, unlock, visit } from "./kit";

const pages = ["/figures", "/figures/cadence", "/figures/conflicts", "/figures/devices"];

/** Another window on the desk, which the first test unlocked. */
async function desk(look: Look = {}): Promise<Window> {
    const w = await open(await consoleOf("desk"), look);
    await settled(w);
    return w;
}

async function saved(w: Window, button: string): Promise<string> {
    const coming = w.page.waitForEvent("download");
    await w.page.getByRole("button", { name: button }).click();
    return readFileSync(await (await coming).path(), "utf8");
}

async function cells(w: Window, table: string): Promise<string[][]> {
    return w.page.getByRole("table", { name: table }).locator("tr").evaluateAll((rows) =>
        rows.map((row) => [...row.querySelectorAll("th, td")].map((c) => c.textContent ?? "")));
}

test("pictures, tables and files of figures say the same", async () => {
    const w = await open(await consoleOf("desk"));
    await unlock(w, "desk");
    await visit(w, "/figures");
    const picture = w.page.getByRole("img", { name: /^Interventions by month: 5 interventions/ });
    assert.equal(await picture.locator("rect").count(), 12, "a column for each month");
    const drawn = await picture.locator("title").allTextContents();
    assert.match(drawn[11] ?? "", /: 3$/, "this month's");
    assert.match(drawn[0] ?? "", /: 1$/, "that of eleven months ago");
    await w.page.getByText("Table: interventions by month and airport").click();
    const rows = await cells(w, "Interventions by month and airport");
    assert.deepEqual(rows[0], ["Month", "BHX", "=1+1", "LHR", "All"], "the most first");
    assert.deepEqual(rows[12]?.slice(1), ["2", "0", "1", "3"]);
    assert.equal(rows.length, 13);

    const file = await saved(w, "Save both as a CSV file");
    assert.match(file, /^"part","month","area","label","count"\r\n/);
    assert.match(file, /"intervention","[0-9-]+","'=1\+1"/, "no cell is a formula");
    assert.equal(file.split("\r\n").filter((l) => l.startsWith('"intervention"')).length, 4);

    await w.page.getByLabel("How far back").selectOption("24");
    await w.page.getByRole("img", { name: /^Interventions by month: 6 interventions/ }).waitFor();
});

test("how often families are met, and when devices were heard, stand in tables with bars",
    async () => {
        const w = await desk();
        await visit(w, "/figures/cadence");
        const families = await cells(w, "Days since each family was last met");
        assert.match(families[1]?.join(" ") ?? "", /The Marshes never met No contact yet 0/);
        const list = "Save this list as a CSV file";
        assert.match(await saved(w, list),
            /^"OFFICIAL-SENSITIVE","[0-9a-f-]{36}","The Marshes","0","0","","",/m);
        const [last] = on<{ what: string }>("desk", "audit", "--op", "consultation", "--limit",
            "1");
        assert.equal(last?.what, "liaison families, saved as a file");
        await visit(w, "/figures/devices");
        const devices = await cells(w, "Time since each device was last heard");
        assert.equal(devices.length, 3, "both devices");
        assert.match(devices.join(" "), /never Nothing received yet.*less than an hour/);
        assert.match(await saved(w, list), /^"OFFICIAL-SENSITIVE","[^"]+","",/m);
    });

for (const look of [{ width: 1280 }, { width: 360 }, { width: 1280, dark: true }, { width: 360,
    dark: true }]) {
    test(`axe finds nothing on figures at ${look.width}${look.dark ? ", dark" : ""}`, async () => {
        const w = await desk(look);
        for (const path of pages) {
            await visit(w, path);
            await sound(w, path);
        }
    });
}

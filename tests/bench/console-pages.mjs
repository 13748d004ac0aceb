// From the request of a first page until it can be used, and until all of it is there: the better of
// five, and the middle one, in milliseconds. console-pages.sh makes the stores.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { chromium } = createRequire(`${process.argv[2]}/console/package.json`)("playwright-core");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });

async function consoleOf(device) {
    const child = spawn(process.env.DAYBOOK, ["--store", `${process.env.T}/${device}`, "console"],
        { stdio: ["ignore", "pipe", "ignore"] });
    for await (const line of createInterface({ input: child.stdout })) {
        const found = /http:\/\/127\.0\.0\.1:\d+\/enter\/\w+/.exec(line);
        if (found) return { child, address: found[0] };
    }
    throw new Error(`the console of ${device} did not start`);
}

function told(ms) {
    const sorted = [...ms].sort((a, b) => a - b);
    return `${Math.round(sorted[0])} (${Math.round(sorted[sorted.length >> 1])})`;
}

for (const [device, path, head] of [["desk", "/desk", "What needs a person now"],
    ["amir", "/today", "Today"], ["desk", "/overdue", "Due and overdue"]]) {
    const { child, address } = await consoleOf(device);
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(120_000);
    await page.goto(address);
    await page.locator("main h1").waitFor();
    const usable = [], whole = [];
    for (let i = 0; i < 5; i++) {
        const begun = performance.now();
        await page.goto(new URL(path, address).href);
        await page.locator("main h1", { hasText: head }).waitFor();
        usable.push(performance.now() - begun);
        await page.waitForFunction(() => document.querySelector("main [aria-busy]") === null);
        whole.push(performance.now() - begun);
    }
    console.log(`${device.padEnd(5)} ${path.padEnd(9)} can be used ${told(usable)} ms, ` +
        `whole ${told(whole)} ms`);
    child.kill("SIGTERM");
}
await browser.close();

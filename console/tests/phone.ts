// A phone of 360 by 740 pixels, whose browser can be killed, and a relay that can be switched off.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { type Window, launching, openIn, sound } from "./kit";

const mortal: ChildProcess[] = [];
after(() => mortal.forEach((child) => child.kill("SIGKILL")));

export interface Phone extends Window {
    /** As a crash would: nothing of it is told that it ends. */
    kill(): Promise<void>;
}

export function killed(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
        child.on("exit", () => resolve());
        child.kill("SIGKILL");
    });
}

/** A browser of its own, with nothing of the last one's. */
export async function phone(address: string): Promise<Phone> {
    const server = await chromium.launchServer(launching);
    mortal.push(server.process());
    const browser = await chromium.connect(server.wsEndpoint());
    const w = await openIn(browser, address, { width: 360, height: 740 });
    return { ...w, kill: () => killed(server.process()) };
}

/** What holds on every page, light and dark; with SHOTS it is kept as a picture, in light. */
export async function soundInBoth(w: Window, name: string): Promise<void> {
    for (const colorScheme of ["dark", "light"] as const) {
        await w.page.emulateMedia({ colorScheme });
        await sound(w, `${name}, ${colorScheme}`);
        const folder = process.env["SHOTS"];
        if (!folder || colorScheme === "dark") continue;
        mkdirSync(folder, { recursive: true });
        await w.page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
    }
}

/** What is pressed is at least 44 pixels each way; those that aren't, in words. */
export function smallTargets(w: Window): Promise<string[]> {
    return w.page.locator("main").evaluate((main) =>
        [...main.querySelectorAll<HTMLElement>("button, a.govuk-button")].filter((b) => {
            const { width, height } = b.getBoundingClientRect();
            return b.checkVisibility() && (width < 44 || height < 44);
        }).map((b) => `${b.innerText}: ${b.offsetWidth} x ${b.offsetHeight}`));
}

/** The relay, at the address that the devices know. */
export async function relay(at: string): Promise<ChildProcess> {
    const child = spawn(process.env["DAYBOOK_RELAY"] ?? "", ["serve", "--data",
        `${process.env["T"]}/relay`, "--listen", at], { stdio: ["ignore", "pipe", "ignore"] });
    mortal.push(child);
    for await (const line of createInterface({ input: child.stdout })) {
        if (line.startsWith("listening on ")) return child;
    }
    throw new Error("the relay did not start");
}

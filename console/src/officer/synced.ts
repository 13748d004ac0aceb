// What has arrived where, in plain words, and a large button to exchange.
import { run } from "../base/client";
import { type Child, h } from "../base/h";
import { button, inset, summaryList } from "../base/parts";
import { type Status, exchange, status } from "../base/syncbar";
import { ago, counted, when } from "../base/words";

export interface Unsynced {
    kind: "unsynced";
    space: string;
    here_only: number;
    not_at_hq: number;
    oldest: string | null;
}

export function arrived(lines: readonly Unsynced[], s: Status): Child {
    const here = lines.reduce((n, l) => n + l.here_only, 0);
    const later = lines.reduce((n, l) => n + l.not_at_hq - l.here_only, 0);
    const failed = s.last_failure !== null &&
        (s.last_sync === null || s.last_failure > s.last_sync);
    return h("section", { "aria-labelledby": "arrived" },
        h("h2.govuk-heading-m", { id: "arrived" }, "What has arrived where"),
        failed || !navigator.onLine ? inset(h("strong", navigator.onLine
            ? `The last try, ${ago(s.last_failure)}, did not get through. `
            : "There is no network. "),
            "All else works. What you write is safe on this device, encrypted, and goes when ",
            "there is a network.") : null,
        summaryList([
            { key: "On this device only", value: here === 0 ? "Nothing"
                : [h("strong", counted(here, "change")), ": they go with the next exchange"] },
            { key: "At the relay", value: later === 0 ? "Nothing waits there"
                : `${counted(later, "change")}, for headquarters to fetch` },
            { key: "At headquarters", value: here + later === 0 ? "All that you wrote"
                : "All else that you wrote" },
            { key: "Last exchange", value: s.last_sync === null ? "Never"
                : `${when(s.last_sync)}, ${ago(s.last_sync)}` },
        ]),
        h("div.daybook-big",
            button("Sync now", () => void exchange(), "primary",
                { class: "govuk-button daybook-big__button" })));
}

/** The same where nothing else of the day is shown. */
export async function syncPart(): Promise<Child> {
    const lines = await run<{ kind: string }>({ name: "today", options: { limit: 1 } });
    return arrived(lines.filter((l): l is Unsynced => l.kind === "unsynced"), await status());
}

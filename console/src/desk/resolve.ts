// A decision, sent; and what to do when something came in since the page was looked at.
import { CommandFailed, type Options, run } from "../base/client";
import { redraw } from "../base/shell";

const changedMeanwhile = 5;

export async function resolve(
    options: Options,
    args: readonly string[],
    done: string,
): Promise<void> {
    try {
        await run({ name: "resolve", options, args });
    } catch (error) {
        if (!(error instanceof CommandFailed) || error.failure.status !== changedMeanwhile) {
            throw error;
        }
        redraw({ title: "Not decided",
            words: "Something came in since you looked. This is how it stands now." });
        return;
    }
    redraw({ success: true, title: "Decided", words: done });
}

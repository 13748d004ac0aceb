// Writes the console's four assets into $DAYBOOK_CONSOLE_OUT. The same sources give the same bytes:
// no time, no path and no name of a machine goes into them.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync, transformSync } from "esbuild";
import { compile } from "sass";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = process.env.DAYBOOK_CONSOLE_OUT;
if (!out) {
    console.error("DAYBOOK_CONSOLE_OUT has to name a folder");
    process.exit(2);
}
const target = ["chrome110", "firefox115", "safari16"];

mkdirSync(out, { recursive: true });
buildSync({
    entryPoints: [here("src/main.ts")],
    outfile: `${out}/app.js`,
    bundle: true,
    format: "iife",
    minify: true,
    charset: "utf8",
    legalComments: "none",
    target,
});
const styles = compile(here("src/style/app.scss"), {
    loadPaths: [here("node_modules/govuk-frontend/dist/govuk")],
    quietDeps: true,
});
const { code } = transformSync(styles.css, { loader: "css", minify: true, target });
writeFileSync(`${out}/app.css`, code);
for (const name of ["index.html", "favicon.svg"]) {
    copyFileSync(here(`src/${name}`), `${out}/${name}`);
}

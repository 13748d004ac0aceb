/* cli/cli.h - what every command gets, and the shape of the command table.
 * A command sees core/daybook.h and sync/driver/driver.h and nothing below them. It returns a
 * dbk_rc; main turns it into the exit status (DBK_RC_TABLE) and the one sentence on stderr. */
#ifndef DBK_CLI_CLI_H
#define DBK_CLI_CLI_H

#include "cli/out.h"
#include "sync/driver/driver.h"
#include "tpm/tpm.h"

#define CLI_POSITIONAL_MAX 512u /* arguments of one command */
#define CLI_OPTIONS_MAX 16u     /* rows in one command's option table */
#define CLI_REPEATS_MAX 64u     /* times that one option may be given */
#define CLI_NAME_BYTES_MAX 512u /* of a device or space, opened */

struct json_t; /* Jansson */

typedef struct cli_option {
    const char *name;  /* "--space" */
    const char *value; /* word for help, or NULL: a flag */
    const char *help;
} cli_option;

typedef struct cli_values {
    const char *rows[CLI_REPEATS_MAX];
    size_t count;
} cli_values;

typedef struct cli_command cli_command;
typedef struct cli_args {
    const cli_command *command;
    const char *positional[CLI_POSITIONAL_MAX];
    size_t count;
    cli_values options[CLI_OPTIONS_MAX]; /* beside the command's option table */
} cli_args;

typedef struct cli {
    const char *store; /* folder */
    out_format format;
    const char *passphrase_file; /* or NULL */
    int passphrase_fd;           /* or -1 */
    bool light_kdf;              /* new passphrases at the lowest cost allowed */
    dbk_tpm tpm;                 /* this machine's, whether there is one or not */
    dbk_factor factor;           /* the same, for stores that need it */
    bool by_agent;               /* the book was opened with the agent's key */
    dbk_book *book;              /* open when the command asked for CLI_BOOK */
    struct cli_looks *looks;     /* what a CLI_LOOKS command shows (cli/looks.h) */
    const char *reason;          /* of --reason; NULL: none was given */
    dbk_id opened;               /* a restricted space that a reason was given for; zero: none */
    dbk_id routes_of;            /* the record whose routes may be shown (cli/safe.h); zero: none */
    bool rule_read;              /* and its safe-contact rule was there to be read, and was */
    bool gives_out;              /* what it says is for others: nothing confidential */
    struct json_t *problems;     /* or NULL; with --json they go into the answer of a failure */
    bool wants_reason;           /* it failed because a restricted space asks for --reason */
} cli;

enum {
    CLI_BOOK = 1,  /* open the store first */
    CLI_NET = 2,   /* listed as needing the network */
    CLI_LOOKS = 4, /* its output waits until what it shows is in the log; it is marked */
    CLI_MARKED = 8 /* shows what stands in records: the marking is above it */
};

struct cli_command {
    const char *title; /* on the first command of a section of help, else NULL */
    const char *name;  /* "add", or two words: "org create" */
    const char *args;  /* for help: "FORM [FIELD=VALUE]..." */
    const char *summary;
    const char *help; /* more, wrapped when printed; or NULL */
    unsigned flags;
    size_t args_min, args_max;
    const cli_option *options; /* ends with a NULL name, or NULL */
    dbk_rc (*run)(cli *c, const cli_args *a, dbk_err *err);
};

/* The whole table, ending with a NULL name: dispatch, help and completion read it. */
extern const cli_command cli_commands[];

/* The last value of an option, or NULL; all of them; whether a flag was given. */
const char *cli_option_value(const cli_args *a, const char *name);
const cli_values *cli_option_values(const cli_args *a, const char *name);
/* Of a command that has --limit; left as it was when that isn't given. */
DBK_MUST_CHECK dbk_rc cli_limit_read(uint64_t *limit, const cli_args *a, dbk_err *err);
bool cli_option_given(const cli_args *a, const char *name);

/* One command, from its arguments (argv[0] is the program) to its exit status. main's, and that of
 * each child of the console. */
int cli_program(size_t argc, char **argv);

/* Reads the passphrase from the file, the descriptor or the terminal (twice when it is new). */
typedef enum cli_ask_kind { CLI_ASK_PASSPHRASE, CLI_ASK_NEW_PASSPHRASE } cli_ask_kind;
DBK_MUST_CHECK dbk_rc cli_ask_passphrase(dbk_secret **out, const cli *c, cli_ask_kind kind,
                                         dbk_err *err);
/* What a store is made or opened with. */
dbk_book_opts cli_book_opts(const cli *c);
/* Opens the store: with the agent's key if the store is unlocked and no passphrase option was
 * given, else it asks for the passphrase. A caller that needs the passphrase itself gets it as
 * *kept, and then it is always asked for; else kept is NULL. */
DBK_MUST_CHECK dbk_rc cli_open_book(cli *c, dbk_secret **kept, dbk_err *err);
/* DBK_NOT_FOUND, and what to begin with, when there is no folder where the store should be. */
DBK_MUST_CHECK dbk_rc cli_store_exists(const cli *c, dbk_err *err);
/* A whole file, at most 256 MiB. "-" is standard input. */
DBK_MUST_CHECK dbk_rc cli_read_file(dbk_bytes *out, const char *path, dbk_err *err);

#endif

/* sync/relay/home.h - the relay's folder: what stands in it, with which rights, and who holds it.
 *   DIR (0700)  relay.db  relay.key  relay.lock  tls-cert.pem  tls-key.pem  relay-card.txt (0600)
 *   and, while the next TLS key waits:  tls-next-cert.pem  tls-next-key.pem
 *   and, where the log is in PostgreSQL instead of relay.db:  relay.dsn
 *   and, once there was a backup:  last-backup.txt
 *   and, if the operator wrote them:  limits.txt
 *   and, while init is at work or was cut off:  relay.making
 * relay.key is the raw key of relay.db, or of the database's rows: a backup of one without the
 * other is worth nothing. Relays on several machines have copies of one folder, and one database.
 */
#ifndef DBK_RELAY_HOME_H
#define DBK_RELAY_HOME_H

#include "core/base/env.h"
#include "sync/relay/listener.h"
#include "sync/relay/log_check.h"
#include "sync/relay/log_embedded.h"
#include "sync/relay/sandbox.h"
#include "sync/relay/tls.h"

#define DBK_HOME_CERT "tls-cert.pem"
#define DBK_HOME_KEY "tls-key.pem"
#define DBK_HOME_NEXT_CERT "tls-next-cert.pem"
#define DBK_HOME_NEXT_KEY "tls-next-key.pem"
#define DBK_HOME_CARD "relay-card.txt"
#define DBK_HOME_LIMITS "limits.txt"
#define DBK_HOME_DB "relay.db"
#define DBK_HOME_DB_KEY "relay.key"

typedef struct dbk_home dbk_home;

/* A new relay in a new or empty folder: database and keys, certificate, setup code, card. Cut off,
 * it is no relay yet, and the same again begins anew; but tables in a database stay, and have to be
 * removed by hand. DBK_CONFLICT: there is something else in the folder. */
typedef struct dbk_home_birth {
    const char *url; /* NULL, or what the card tells devices */
    const char *dsn; /* NULL: the log is in the folder; else in this PostgreSQL database */
} dbk_home_birth;
DBK_MUST_CHECK dbk_rc dbk_home_init(const char *dir, const dbk_home_birth *birth,
                                    const dbk_env *env, dbk_err *err);
/* Takes the folder for this program alone: DBK_BUSY; DBK_NOT_FOUND: no relay there;
 * DBK_DENIED: others may read its keys. */
DBK_MUST_CHECK dbk_rc dbk_home_open(dbk_home **out, const char *dir, dbk_err *err);
/* The same without taking it: to look, also while a relay serves. Handles may only read. */
DBK_MUST_CHECK dbk_rc dbk_home_look(dbk_home **out, const char *dir, dbk_err *err);
void dbk_home_close(dbk_home *home); /* NULL is nothing */
const char *dbk_home_dir(const dbk_home *home);
/* Says where the relay serves, for others to read; until close. */
DBK_MUST_CHECK dbk_rc dbk_home_announce(const dbk_home *home, const char *address, dbk_err *err);
/* Who has taken the folder, asked by a home that only looks. address: "" unless it serves. */
typedef struct dbk_home_use {
    bool taken;
    char address[DBK_LISTENER_NAME_SIZE];
} dbk_home_use;
DBK_MUST_CHECK dbk_rc dbk_home_who(const dbk_home *home, dbk_home_use *out, dbk_err *err);
/* Handles on relay.db; valid until close. */
const dbk_log_source *dbk_home_source(const dbk_home *home);
/* The file itself; NULL where the log is in a database. */
const dbk_log_embedded *dbk_home_file(const dbk_home *home);
/* When the last backup was made that was proved; 0: none was. */
DBK_MUST_CHECK dbk_rc dbk_home_backup_note(const dbk_home *home, uint64_t made_ms, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_home_last_backup(const dbk_home *home, uint64_t *made_ms, dbk_err *err);
/* What whoever has handles on it touches, once the first one has been opened. Borrows home. */
void dbk_home_wants(const dbk_home *home, dbk_sandbox_wants *out);
/* Is more than so much of the folder's disk in use, or can't that be told? A full disk still has to
 * hold what shuts a device out. false where the log isn't in the folder. */
bool dbk_home_is_full(const dbk_home *home, unsigned percent);
/* The folder's disk, for monitoring: bytes that this user may still take, and all that it may. */
typedef struct dbk_home_disk {
    uint64_t free, size;
} dbk_home_disk;
DBK_MUST_CHECK dbk_rc dbk_home_disk_of(const dbk_home *home, dbk_home_disk *out, dbk_err *err);
/* The file of the database as such, before anything in it; no handle may be open. DBK_DAMAGED.
 * A server checks its own files. */
DBK_MUST_CHECK dbk_rc dbk_home_verify(const dbk_home *home, dbk_err *err);

/* Moves the log out of the folder into a database that has none; from then on it is there. relay.db
 * stays, and is not used any more. Cut off, nothing has changed but the database, which has to be
 * emptied. report: what was moved. DBK_CONFLICT: it is in a database already, or one is there. */
DBK_MUST_CHECK dbk_rc dbk_home_migrate(dbk_home *home, const char *dsn, const dbk_env *env,
                                       dbk_log_report *report, dbk_err *err);

/* Whole files: of the folder, or any by its path when home is NULL. */
DBK_MUST_CHECK dbk_rc dbk_home_read(const dbk_home *home, const char *name, dbk_bytes *out,
                                    dbk_err *err);
/* The next TLS key, made once and ahead of its use, so that devices can be told its pin (a policy,
 * a card) while the present key still vouches for it; made already: its pin again. Then the switch:
 * the next key becomes the present one; cut short, it is finished by doing it again.
 * DBK_NOT_FOUND: none was made. DBK_CONFLICT: a switch was cut short. */
DBK_MUST_CHECK dbk_rc dbk_home_tls_next(const dbk_home *home, uint8_t pin[DBK_TLS_PIN_BYTES],
                                        const dbk_env *env, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_home_tls_switch(const dbk_home *home, dbk_err *err);

/* Writes the card anew, with the certificate's pin. */
typedef struct dbk_home_card {
    const char *url; /* NULL: a line to fill in */
    dbk_span cert_pem;
} dbk_home_card;
DBK_MUST_CHECK dbk_rc dbk_home_card_write(const dbk_home *home, const dbk_home_card *card,
                                          dbk_err *err);

#endif

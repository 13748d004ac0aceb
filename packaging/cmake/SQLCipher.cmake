# SQLCipher::SQLCipher: a system library that proves to be 4.5 or later, else the amalgamation
# that third_party/package-lock.json names, pinned here by the digest of the file we compile.
# sqlcipher.pc states SQLite's version, so only the library itself can tell: check_sqlcipher.c.
set(_sqlcipher_package ${PROJECT_SOURCE_DIR}/third_party/node_modules/@journeyapps/sqlcipher)
set(DAYBOOK_SQLCIPHER_DIR ${_sqlcipher_package}/deps/sqlcipher-amalgamation
    CACHE PATH "folder with the SQLCipher amalgamation (sqlite3.c, sqlite3.h)")
set(_sqlcipher_sha256 2ba87bbc92caf02c0ac640198c537c24bdda899a18bbba289f3d3f44d56795e4)
set(_sqlcipher_system FALSE)

if(NOT DAYBOOK_SQLCIPHER MATCHES "^(auto|system|bundled)$")
  message(FATAL_ERROR "DAYBOOK_SQLCIPHER is '${DAYBOOK_SQLCIPHER}': say auto, system or bundled")
endif()

if(NOT DAYBOOK_SQLCIPHER STREQUAL "bundled")
  pkg_check_modules(SQLCIPHER IMPORTED_TARGET sqlcipher)
  if(SQLCIPHER_FOUND)
    try_run(DBK_SQLCIPHER_RUN DBK_SQLCIPHER_COMPILES
            ${PROJECT_BINARY_DIR}/check_sqlcipher ${CMAKE_CURRENT_LIST_DIR}/check_sqlcipher.c
            COMPILE_DEFINITIONS -DSQLITE_HAS_CODEC
            LINK_LIBRARIES PkgConfig::SQLCIPHER
            RUN_OUTPUT_VARIABLE _sqlcipher_says)
    if(DBK_SQLCIPHER_COMPILES AND DBK_SQLCIPHER_RUN EQUAL 0)
      set(_sqlcipher_system TRUE)
    else()
      message(STATUS "system SQLCipher refused: ${_sqlcipher_says}")
    endif()
  endif()
endif()

add_library(dbk_sqlcipher INTERFACE)
add_library(SQLCipher::SQLCipher ALIAS dbk_sqlcipher)
target_compile_definitions(dbk_sqlcipher INTERFACE SQLITE_HAS_CODEC) # declares sqlite3_key()

if(_sqlcipher_system)
  message(STATUS "SQLCipher: system library")
  target_link_libraries(dbk_sqlcipher INTERFACE PkgConfig::SQLCIPHER)
  return()
endif()
if(DAYBOOK_SQLCIPHER STREQUAL "system")
  message(FATAL_ERROR "no system SQLCipher >= 4.5 with FTS5 and STRICT tables")
endif()
if(NOT EXISTS ${DAYBOOK_SQLCIPHER_DIR}/sqlite3.c)
  message(FATAL_ERROR "SQLCipher's source is not there yet: run ./dev setup")
endif()
file(SHA256 ${DAYBOOK_SQLCIPHER_DIR}/sqlite3.c _sqlcipher_digest)
if(NOT _sqlcipher_digest STREQUAL _sqlcipher_sha256)
  message(FATAL_ERROR "${DAYBOOK_SQLCIPHER_DIR}/sqlite3.c has the unexpected SHA-256\n"
                      "  ${_sqlcipher_digest}, not\n  ${_sqlcipher_sha256}")
endif()
message(STATUS "SQLCipher: bundled amalgamation")

find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
# Compiled without dbk_flags: no sanitizers (2 minutes otherwise), no warnings, always -O2.
add_library(sqlcipher_bundled STATIC ${DAYBOOK_SQLCIPHER_DIR}/sqlite3.c)
target_include_directories(sqlcipher_bundled SYSTEM PUBLIC ${DAYBOOK_SQLCIPHER_DIR})
target_compile_options(sqlcipher_bundled PRIVATE -w -O2)
target_compile_definitions(sqlcipher_bundled PRIVATE
  # what SQLCipher demands
  SQLITE_HAS_CODEC SQLCIPHER_CRYPTO_OPENSSL SQLITE_TEMP_STORE=3 SQLITE_THREADSAFE=2
  SQLITE_EXTRA_INIT=sqlcipher_extra_init SQLITE_EXTRA_SHUTDOWN=sqlcipher_extra_shutdown
  HAVE_STDINT_H=1 HAVE_USLEEP=1
  SQLCIPHER_OMIT_DEFAULT_LOGGING # or a wrong key writes to stderr
  # what Daybook wants
  SQLITE_ENABLE_FTS5 SQLITE_SECURE_DELETE SQLITE_DEFAULT_FOREIGN_KEYS=1
  SQLITE_DEFAULT_WAL_SYNCHRONOUS=2 SQLITE_ENABLE_DBSTAT_VTAB SQLITE_LIKE_DOESNT_MATCH_BLOBS
  # less to attack
  SQLITE_DQS=0 SQLITE_TRUSTED_SCHEMA=0 SQLITE_MAX_EXPR_DEPTH=100 SQLITE_ENABLE_API_ARMOR
  SQLITE_OMIT_DEPRECATED SQLITE_OMIT_LOAD_EXTENSION SQLITE_OMIT_SHARED_CACHE
  SQLITE_OMIT_PROGRESS_CALLBACK)
set_target_properties(sqlcipher_bundled PROPERTIES C_CLANG_TIDY "" C_CPPCHECK "")
target_link_libraries(sqlcipher_bundled PRIVATE dbk_hardening
                      PUBLIC OpenSSL::Crypto Threads::Threads m)
target_link_libraries(dbk_sqlcipher INTERFACE sqlcipher_bundled)

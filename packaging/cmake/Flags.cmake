# Two interface targets: dbk_hardening for every line of C that ships, ours or not, and
# dbk_flags (warnings, sanitizers, coverage) for our own code only.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
include(CheckLinkerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(dbk_hardening INTERFACE)
add_library(dbk_flags INTERFACE)

# dbk_probe(<target> <scope> <flag>...): adds each flag that the compiler knows.
function(dbk_probe target)
  foreach(flag IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "DBK_HAVE${flag}" have)
    check_c_compiler_flag(${flag} ${have})
    if(${have})
      target_compile_options(${target} INTERFACE ${flag})
    endif()
  endforeach()
endfunction()

function(dbk_probe_link target)
  foreach(flag IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "DBK_HAVE_LINK${flag}" have)
    check_linker_flag(C ${flag} ${have})
    if(${have})
      target_link_options(${target} INTERFACE ${flag})
    endif()
  endforeach()
endfunction()

if(DAYBOOK_HARDEN)
  dbk_probe(dbk_hardening -fstack-protector-strong -fstack-clash-protection
            -ftrivial-auto-var-init=zero)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|i.86")
    dbk_probe(dbk_hardening -fcf-protection=full)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    dbk_probe(dbk_hardening -mbranch-protection=standard)
  endif()
  dbk_probe_link(dbk_hardening -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
  # Level 3 needs both compiler and C library; older ones warn, and then we take level 2.
  set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
  check_c_source_compiles("#include <string.h>\nint main(void) { return 0; }" DBK_HAVE_FORTIFY3)
  unset(CMAKE_REQUIRED_FLAGS)
  target_compile_options(dbk_hardening INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$<IF:$<BOOL:${DBK_HAVE_FORTIFY3}>,3,2>)
endif()

target_link_libraries(dbk_flags INTERFACE dbk_hardening)
target_compile_definitions(dbk_flags INTERFACE
  _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE DAYBOOK_VERSION="${PROJECT_VERSION}")
dbk_probe(dbk_flags
  -Wall -Wextra -Wpedantic -Wformat=2 -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wvla -Wimplicit-fallthrough -Wundef -Wwrite-strings
  -Wpointer-arith -Wredundant-decls -Wlogical-op -Wduplicated-cond)
# Paths in messages and debug information start at the repository, so builds can be compared.
dbk_probe(dbk_flags -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(DAYBOOK_WERROR)
  target_compile_options(dbk_flags INTERFACE -Werror)
endif()
if(DAYBOOK_SANITIZE)
  target_compile_options(dbk_flags INTERFACE
    -fsanitize=${DAYBOOK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(dbk_flags INTERFACE -fsanitize=${DAYBOOK_SANITIZE})
endif()
if(DAYBOOK_COVERAGE)
  target_compile_options(dbk_flags INTERFACE --coverage)
  target_link_options(dbk_flags INTERFACE --coverage)
endif()

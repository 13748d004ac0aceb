# dbk_library(<target> <folder> [SOURCES extra.c...] [EXCEPT name.c...] [USES <our targets>]
#             [NEEDS <targets from outside>])
# A static library of every .c in the folder. Our headers are found from the repository root
# ("core/base/err.h"); what comes from outside stays private to the layer that uses it.
# A folder without C yet becomes an empty target that still passes its links on.
function(dbk_library target folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;EXCEPT;USES;NEEDS")
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.c)
  foreach(name IN LISTS arg_EXCEPT)
    list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/${folder}/${name})
  endforeach()
  list(APPEND sources ${arg_SOURCES})
  if(NOT sources)
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} INTERFACE ${arg_USES})
    return()
  endif()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC ${arg_USES} PRIVATE ${arg_NEEDS} dbk_flags)
endfunction()

# dbk_program(<target> <output folder under bin> <links> <sources>...)
function(dbk_program target folder links)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE ${links} dbk_flags)
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${folder})
endfunction()

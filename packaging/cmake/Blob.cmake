# dbk_blob(<out variable> <name> <file>): the path of a C file that holds <file> as
#     const unsigned char dbk_blob_<name>[];  const size_t dbk_blob_<name>_len;
# The array has one zero byte more than _len counts, so text can be read as a C string.
# This file is also the generator itself: cmake -DIN= -DOUT= -DNAME= -P Blob.cmake
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${IN} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REPEAT "....," 16 line)
  string(REGEX REPLACE "(${line})" "\\1\n    " bytes "${bytes}")
  file(SIZE ${IN} len)
  file(WRITE ${OUT}
    "#include <stddef.h>\n"
    "extern const unsigned char dbk_blob_${NAME}[];\n"
    "extern const size_t dbk_blob_${NAME}_len;\n"
    "const unsigned char dbk_blob_${NAME}[] = {\n    ${bytes}0x00};\n"
    "const size_t dbk_blob_${NAME}_len = ${len};\n")
  return()
endif()

set(_blob_script ${CMAKE_CURRENT_LIST_FILE})
function(dbk_blob out name file)
  set(c ${PROJECT_BINARY_DIR}/blob/${name}.c)
  add_custom_command(OUTPUT ${c}
    COMMAND ${CMAKE_COMMAND} -DIN=${file} -DOUT=${c} -DNAME=${name} -P ${_blob_script}
    DEPENDS ${file} ${_blob_script}
    VERBATIM)
  set(${out} ${c} PARENT_SCOPE)
endfunction()

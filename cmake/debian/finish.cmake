# What Debian's policy wants of a package beyond what `cmake --install` puts into it, and what it depends on: cpack runs
# this over the folders of the packages before it closes them.
set(debian ${CPACK_SDELUA_DEBIAN})
set(stage ${CPACK_TEMPORARY_DIRECTORY})

function(compress from to)
  execute_process(COMMAND gzip -9nc ${from} OUTPUT_FILE ${to} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# ---- copyright and changes, of each ------------------------------------------------------
foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} upper)
  set(doc ${stage}/${component}/usr/share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  file(MAKE_DIRECTORY ${doc})
  file(COPY ${debian}/copyright DESTINATION ${doc})
  compress(${debian}/changelog ${doc}/changelog.gz)
endforeach()

# ---- the program's ------------------------------------------------------------------------
set(share ${stage}/program/usr/share)
file(REMOVE ${share}/doc/sdelua/LICENSE) # the file copyright has it
compress(${share}/man/man1/sdelua.1 ${share}/man/man1/sdelua.1.gz)
file(REMOVE ${share}/man/man1/sdelua.1)
file(MAKE_DIRECTORY ${share}/zsh/vendor-completions) # where Debian's zsh looks for what packages bring
file(RENAME ${share}/zsh/site-functions/_sdelua ${share}/zsh/vendor-completions/_sdelua)
file(REMOVE_RECURSE ${share}/zsh/site-functions)

# ---- the development files' ----------------------------------------------------------------
if(EXISTS ${stage}/development) # from usr/lib, where tools for other machines do not look; the paths in it are relative
  file(MAKE_DIRECTORY ${stage}/development/usr/share)
  file(RENAME ${stage}/development/usr/lib/pkgconfig ${stage}/development/usr/share/pkgconfig)
endif()

# ---- binaries --------------------------------------------------------------------------------
# Appends the packages whose libraries a component's binaries need to what it depends on.
function(add_needs component)
  file(GLOB_RECURSE binaries ${stage}/${component}/usr/bin/* ${stage}/${component}/usr/lib/*.so*)
  if(NOT binaries)
    return()
  endif()
  set(work ${stage}/../shlibdeps) # where dpkg-shlibdeps runs it wants a source package
  file(WRITE ${work}/debian/control "Source: sdelua\n\nPackage: sdelua\nArchitecture: any\n")
  execute_process(COMMAND dpkg-shlibdeps -O ${binaries} WORKING_DIRECTORY ${work} OUTPUT_VARIABLE needs ERROR_QUIET
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX REPLACE "^shlibs:Depends=|\n" "" needs "${needs}")
  string(TOUPPER ${component} upper)
  string(JOIN ", " needs ${CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS} ${needs})
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS ${needs} PARENT_SCOPE)
endfunction()
add_needs(program)
add_needs(library)

file(GLOB archives ${stage}/development/usr/lib/*.a)
foreach(archive ${archives})
  execute_process(COMMAND strip --strip-debug --enable-deterministic-archives ${archive} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

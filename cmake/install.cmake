# What `cmake --install` puts where, under any --prefix and DESTDIR. Three components: the program (with all of Lua),
# the library (for C programs to run) and development (to build them). Nothing installed knows its prefix: the program
# finds its files, and C programs' tools find the library, relative to where they lie.
include(CMakePackageConfigHelpers)

# Where stock `lua5.4` looks, for a prefix of /usr or /usr/local. LuaRocks has folders of its own.
set(SDELUA_LUADIR share/lua/5.4 CACHE STRING "Folder of the Lua files")
set(SDELUA_LUACDIR ${CMAKE_INSTALL_LIBDIR}/lua/5.4 CACHE STRING "Folder of the Lua module")

# ---- the program -------------------------------------------------------------------
set(program COMPONENT program)
install(TARGETS sdelua RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} ${program})
install(TARGETS module LIBRARY DESTINATION ${SDELUA_LUACDIR}/sdelua ${program})
install(DIRECTORY lua/sdelua DESTINATION ${SDELUA_LUADIR} ${program} FILES_MATCHING PATTERN "*.lua" PATTERN "*.html")

# The scripts for users: not those that make parts of this tree. They lie below the Lua files, the one folder that a
# rock has too; src/bind/main_place.c finds them here.
file(GLOB scripts CONFIGURE_DEPENDS scripts/*.lua)
list(FILTER scripts EXCLUDE REGEX "/(docs|gallery|reference)\\.lua$")
install(FILES ${scripts} DESTINATION ${SDELUA_LUADIR}/sdelua/scripts ${program})
install(DIRECTORY types DESTINATION ${CMAKE_INSTALL_DATADIR}/sdelua ${program})

install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} ${program})
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR} ${program} PATTERN man EXCLUDE)
install(FILES docs/man/sdelua.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 ${program})

install(FILES cmake/completions/sdelua.bash RENAME sdelua
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions ${program})
install(FILES cmake/completions/sdelua.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d ${program})
install(FILES cmake/completions/_sdelua DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions ${program})

if(NOT SDELUA_LIBRARY)
  return()
endif()

# ---- the library --------------------------------------------------------------------
install(TARGETS sdelua_shared EXPORT sdelua-shared
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)

# ---- development -----------------------------------------------------------------------
set(development COMPONENT development)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sdelua)
install(TARGETS sdelua_static EXPORT sdelua-static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} ${development})
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${development} FILES_MATCHING PATTERN "*.h")

# find_package(sdelua): sdelua::sdelua, and sdelua::static where the libraries are that it needs
foreach(kind shared static)
  install(EXPORT sdelua-${kind} NAMESPACE sdelua:: DESTINATION ${package_dir} ${development})
endforeach()
configure_package_config_file(cmake/sdelua-config.cmake.in sdelua-config.cmake INSTALL_DESTINATION ${package_dir}
                              NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(sdelua-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/sdelua-config.cmake ${CMAKE_BINARY_DIR}/sdelua-config-version.cmake
        DESTINATION ${package_dir} ${development})

# pkg-config sdelua
set(pc_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH PC_PREFIX ${pc_dir} ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH PC_LIBDIR ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH PC_INCLUDEDIR ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
list(JOIN core_packages " " PC_PACKAGES)
configure_file(cmake/sdelua.pc.in sdelua.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/sdelua.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig ${development})

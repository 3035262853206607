# Where stock `lua5.4` finds the module: share/lua/5.4 and lib/lua/5.4 under the prefix.
include(GNUInstallDirs)
install(TARGETS sdelua RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS sdelua_static sdelua_shared ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS module LIBRARY DESTINATION lib/lua/5.4/sdelua)
install(DIRECTORY lua/sdelua DESTINATION share/lua/5.4)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

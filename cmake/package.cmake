# `cpack -G DEB` in the build folder makes three packages, cut as Debian's policy cuts them: whoever writes scripts
# installs sdelua; a C program linked with the library needs libsdelua0 and nothing of Lua; who builds one takes
# libsdelua-dev. cmake/debian/finish.cmake puts into them what Debian's policy wants and reads off the binaries what
# they depend on (dpkg-shlibdeps, of Debian's dpkg-dev); cpack's own way starts `file` for each of some hundred files.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sdelua)
set(CPACK_PACKAGE_CONTACT "the sdelua authors <sdelua@example.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/debian/finish.cmake)
set(CPACK_SDELUA_DEBIAN ${CMAKE_SOURCE_DIR}/cmake/debian)

# debian_package(component name section summary description)
macro(debian_package component name section summary description)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${summary}\n${description}")
endmacro()

debian_package(program sdelua science "workbench for score-based generative modelling, in Lua"
"Diffusion models and their family (Song et al. 2021): tensors, gradients,
networks, SDEs and their solvers on a plain CPU, in C, scripted from Lua 5.4.
This package has the program sdelua, scripts that train and sample, and the
module for Debian's lua5.4.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS lua-argparse)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS dataset-fashion-mnist)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "lua5.4, libsdelua-dev")

if(SDELUA_LIBRARY)
  list(APPEND CPACK_COMPONENTS_ALL library development)
  debian_package(library libsdelua0 libs "score-based generative modelling, shared library"
"Tensors, gradients, layers, optimizers, SDEs and their solvers on a plain CPU.
This package has the library that C programs are linked with.")
  file(WRITE ${CMAKE_BINARY_DIR}/debian/shlibs "libsdelua 0 libsdelua0 (>= ${PROJECT_VERSION})\n")
  file(WRITE ${CMAKE_BINARY_DIR}/debian/triggers "activate-noawait ldconfig\n")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/debian/shlibs ${CMAKE_BINARY_DIR}/debian/triggers)
  debian_package(development libsdelua-dev libdevel "score-based generative modelling, development files"
"Tensors, gradients, layers, optimizers, SDEs and their solvers on a plain CPU.
This package has the headers, the static library, and what pkg-config and CMake
need to find them.")

  # Debian's names of the packages that bring each NAME.pc of sdelua.pc
  set(debian_libpng libpng-dev)
  set(debian_zlib zlib1g-dev)
  set(debian_libzip libzip-dev)
  set(debian_openblas libopenblas-dev)
  set(debian_libwebp libwebp-dev)
  set(debian_libwebpmux libwebp-dev)
  set(debian_libgif libgif-dev)
  set(debian_cairo libcairo2-dev)
  set(needs "libsdelua0 (= ${PROJECT_VERSION})")
  foreach(package ${core_packages})
    if(NOT debian_${package})
      message(FATAL_ERROR "cmake/package.cmake: expected the Debian package that has ${package}.pc, got none")
    endif()
    list(APPEND needs ${debian_${package}})
  endforeach()
  list(REMOVE_DUPLICATES needs)
  list(JOIN needs ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)
endif()
include(CPack)

# The Debian package: cmake --preset release && cmake --build --preset release --target pgassay && (cd build/release && cpack)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pgassay)
set(PGASSAY_MAINTAINER "pgassay <pgassay@example.org>" CACHE STRING "of the Debian package: who answers for it")
set(CPACK_PACKAGE_CONTACT "${PGASSAY_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "backups of PostgreSQL that are proved by restoring them")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "It takes consistent logical backups of PostgreSQL databases, digests every
row while it streams, verifies what it stored, and restores backups into
throwaway servers to show that every row and object comes back. A nightly
run does all of that, and tells somebody when it did not work.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, bubblewrap, postgresql-client")
# A drill needs a server's programs, or a container engine; encrypted stores need age.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "age, postgresql, zstd")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "docker.io | podman, prometheus-node-exporter, default-mta | mail-transport-agent")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${here}/conffiles ${here}/postinst ${here}/postrm)
# What is elsewhere in Debian than below a prefix.
set(CPACK_PRE_BUILD_SCRIPTS ${here}/layout.cmake)
set(CPACK_PGASSAY_SOURCE ${CMAKE_SOURCE_DIR})
include(CPack)

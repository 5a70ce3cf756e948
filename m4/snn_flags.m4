# SPDX-License-Identifier: BSD-3-Clause
#
# Compiler-flag tests.  They never touch the user's CFLAGS beyond the test itself.

# SNN_WITH_FLAGS(CFLAGS, LIBS, TESTS): run TESTS with these flags, then restore.
AC_DEFUN([SNN_WITH_FLAGS], [
snn_saved_CPPFLAGS=$CPPFLAGS
snn_saved_LIBS=$LIBS
CPPFLAGS="$CPPFLAGS $1"
LIBS="$2 $LIBS"
$3
CPPFLAGS=$snn_saved_CPPFLAGS
LIBS=$snn_saved_LIBS
])

# SNN_TRY_CFLAGS(FLAGS, IF-YES, IF-NO): does the compiler take all FLAGS together?
# -Werror because clang only warns about a flag that it does not know.
AC_DEFUN([SNN_TRY_CFLAGS], [
snn_saved_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -Werror $1"
AC_MSG_CHECKING([whether $CC accepts $1])
AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int snn_probe; ]])], [snn_try=yes], [snn_try=no])
CFLAGS=$snn_saved_CFLAGS
AC_MSG_RESULT([$snn_try])
AS_IF([test $snn_try = yes], [$2], [$3])
])

# SNN_CHECK_CFLAGS(VARIABLE, FLAGS): append each flag that the compiler takes.
AC_DEFUN([SNN_CHECK_CFLAGS], [
for snn_flag in m4_normalize([$2]); do
  SNN_TRY_CFLAGS([$snn_flag], [$1="${$1:+$$1 }$snn_flag"])
done
AC_SUBST([$1])
])

# SNN_CHECK_CFLAG_SET(VARIABLE, FLAGS, IF-YES): all of them or none.
AC_DEFUN([SNN_CHECK_CFLAG_SET], [
SNN_TRY_CFLAGS([m4_normalize([$2])], [$1="m4_normalize([$2])"
$3])
AC_SUBST([$1])
])

# SNN_CHECK_LINK_FLAGS(FLAGS, IF-YES, IF-NO): does a program link with FLAGS?
AC_DEFUN([SNN_CHECK_LINK_FLAGS], [
snn_saved_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS $1"
AC_MSG_CHECKING([whether $CC links with $1])
AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [snn_try=yes], [snn_try=no])
CFLAGS=$snn_saved_CFLAGS
AC_MSG_RESULT([$snn_try])
AS_IF([test $snn_try = yes], [$2], [$3])
])

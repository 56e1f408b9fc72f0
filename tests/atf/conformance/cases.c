/*
 * The test cases of t_cases.py by libatf-c, which says how they are to come out.
 */
#include <atf-c.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

ATF_TC(test_passes);
ATF_TC_HEAD(test_passes, tc)
{
	atf_tc_set_md_var(tc, "descr", "It passes");
}

ATF_TC_BODY(test_passes, tc)
{
}

ATF_TC(test_passes_explicitly);
ATF_TC_HEAD(test_passes_explicitly, tc)
{
	atf_tc_set_md_var(tc, "descr", "It says that it passes");
}

ATF_TC_BODY(test_passes_explicitly, tc)
{
	atf_tc_pass();
}

ATF_TC(test_fails);
ATF_TC_HEAD(test_fails, tc)
{
	atf_tc_set_md_var(tc, "descr", "It fails");
}

ATF_TC_BODY(test_fails, tc)
{
	atf_tc_fail("a reason: with a colon");
}

ATF_TC(test_skips);
ATF_TC_HEAD(test_skips, tc)
{
	atf_tc_set_md_var(tc, "descr", "It is skipped");
}

ATF_TC_BODY(test_skips, tc)
{
	atf_tc_skip("not today");
}

ATF_TC(test_checks_fail);
ATF_TC_HEAD(test_checks_fail, tc)
{
	atf_tc_set_md_var(tc, "descr", "It fails at its end");
}

ATF_TC_BODY(test_checks_fail, tc)
{
	atf_tc_fail_nonfatal("once");
	atf_tc_fail_nonfatal("twice");
}

ATF_TC(test_a_check_fails_before_the_end);
ATF_TC_HEAD(test_a_check_fails_before_the_end, tc)
{
	atf_tc_set_md_var(tc, "descr", "It fails, and says that it passes");
}

ATF_TC_BODY(test_a_check_fails_before_the_end, tc)
{
	atf_tc_fail_nonfatal("once");
	atf_tc_fail("fatally");
}

ATF_TC(test_expects_failure);
ATF_TC_HEAD(test_expects_failure, tc)
{
	atf_tc_set_md_var(tc, "descr", "It fails as expected");
}

ATF_TC_BODY(test_expects_failure, tc)
{
	atf_tc_expect_fail("a bug");
	atf_tc_fail("it is there");
}

ATF_TC(test_expects_failures);
ATF_TC_HEAD(test_expects_failures, tc)
{
	atf_tc_set_md_var(tc, "descr", "Its checks fail as expected");
}

ATF_TC_BODY(test_expects_failures, tc)
{
	atf_tc_expect_fail("a bug");
	atf_tc_fail_nonfatal("once");
	atf_tc_fail_nonfatal("twice");
}

ATF_TC(test_expects_failure_and_then_none);
ATF_TC_HEAD(test_expects_failure_and_then_none, tc)
{
	atf_tc_set_md_var(tc, "descr", "It fails as expected, and goes on");
}

ATF_TC_BODY(test_expects_failure_and_then_none, tc)
{
	atf_tc_expect_fail("a bug");
	atf_tc_fail_nonfatal("once");
	atf_tc_expect_pass();
}

ATF_TC(test_expects_failure_in_vain);
ATF_TC_HEAD(test_expects_failure_in_vain, tc)
{
	atf_tc_set_md_var(tc, "descr", "It does not fail, as it should");
}

ATF_TC_BODY(test_expects_failure_in_vain, tc)
{
	atf_tc_expect_fail("a bug");
}

ATF_TC(test_expects_failure_in_vain_and_goes_on);
ATF_TC_HEAD(test_expects_failure_in_vain_and_goes_on, tc)
{
	atf_tc_set_md_var(tc, "descr", "It does not fail, and expects no more to");
}

ATF_TC_BODY(test_expects_failure_in_vain_and_goes_on, tc)
{
	atf_tc_expect_fail("a bug");
	atf_tc_expect_pass();
}

ATF_TC(test_expects_failure_and_passes);
ATF_TC_HEAD(test_expects_failure_and_passes, tc)
{
	atf_tc_set_md_var(tc, "descr", "It says that it passes, and should fail");
}

ATF_TC_BODY(test_expects_failure_and_passes, tc)
{
	atf_tc_expect_fail("a bug");
	atf_tc_pass();
}

ATF_TC(test_expects_exit);
ATF_TC_HEAD(test_expects_exit, tc)
{
	atf_tc_set_md_var(tc, "descr", "It exits");
}

ATF_TC_BODY(test_expects_exit, tc)
{
	atf_tc_expect_exit(3, "with a status");
	exit(3);
}

ATF_TC(test_expects_any_exit);
ATF_TC_HEAD(test_expects_any_exit, tc)
{
	atf_tc_set_md_var(tc, "descr", "It exits, with any status");
}

ATF_TC_BODY(test_expects_any_exit, tc)
{
	atf_tc_expect_exit(-1, "with any status");
	exit(5);
}

ATF_TC(test_expects_exit_in_vain);
ATF_TC_HEAD(test_expects_exit_in_vain, tc)
{
	atf_tc_set_md_var(tc, "descr", "It does not exit");
}

ATF_TC_BODY(test_expects_exit_in_vain, tc)
{
	atf_tc_expect_exit(3, "with a status");
}

ATF_TC(test_expects_exit_and_fails);
ATF_TC_HEAD(test_expects_exit_and_fails, tc)
{
	atf_tc_set_md_var(tc, "descr", "It fails where it should exit");
}

ATF_TC_BODY(test_expects_exit_and_fails, tc)
{
	atf_tc_expect_exit(3, "with a status");
	atf_tc_fail("it could not");
}

ATF_TC(test_expects_exit_and_passes);
ATF_TC_HEAD(test_expects_exit_and_passes, tc)
{
	atf_tc_set_md_var(tc, "descr", "It says that it passes where it should exit");
}

ATF_TC_BODY(test_expects_exit_and_passes, tc)
{
	atf_tc_expect_exit(3, "with a status");
	atf_tc_pass();
}

ATF_TC(test_expects_signal);
ATF_TC_HEAD(test_expects_signal, tc)
{
	atf_tc_set_md_var(tc, "descr", "It is killed");
}

ATF_TC_BODY(test_expects_signal, tc)
{
	atf_tc_expect_signal(9, "by this one");
	(void)kill(getpid(), SIGKILL);
}

ATF_TC(test_expects_any_signal);
ATF_TC_HEAD(test_expects_any_signal, tc)
{
	atf_tc_set_md_var(tc, "descr", "It is killed by any signal");
}

ATF_TC_BODY(test_expects_any_signal, tc)
{
	atf_tc_expect_signal(-1, "by any");
	(void)kill(getpid(), SIGKILL);
}

ATF_TC(test_expects_signal_in_vain);
ATF_TC_HEAD(test_expects_signal_in_vain, tc)
{
	atf_tc_set_md_var(tc, "descr", "It is not killed");
}

ATF_TC_BODY(test_expects_signal_in_vain, tc)
{
	atf_tc_expect_signal(9, "by this one");
}

ATF_TC(test_expects_death);
ATF_TC_HEAD(test_expects_death, tc)
{
	atf_tc_set_md_var(tc, "descr", "It dies");
}

ATF_TC_BODY(test_expects_death, tc)
{
	atf_tc_expect_death("somehow");
	(void)kill(getpid(), SIGKILL);
}

ATF_TC(test_expects_death_in_vain);
ATF_TC_HEAD(test_expects_death_in_vain, tc)
{
	atf_tc_set_md_var(tc, "descr", "It does not die");
}

ATF_TC_BODY(test_expects_death_in_vain, tc)
{
	atf_tc_expect_death("somehow");
}

ATF_TC(test_expects_timeout_in_vain);
ATF_TC_HEAD(test_expects_timeout_in_vain, tc)
{
	atf_tc_set_md_var(tc, "descr", "It does not hang");
}

ATF_TC_BODY(test_expects_timeout_in_vain, tc)
{
	atf_tc_expect_timeout("for ever");
}

ATF_TC(test_expects_timeout);
ATF_TC_HEAD(test_expects_timeout, tc)
{
	atf_tc_set_md_var(tc, "descr", "It hangs");
	atf_tc_set_md_var(tc, "timeout", "10");
}

ATF_TC_BODY(test_expects_timeout, tc)
{
	atf_tc_expect_timeout("for ever");
	(void)pause();
}

ATF_TC(test_expects_one_thing_and_then_another);
ATF_TC_HEAD(test_expects_one_thing_and_then_another, tc)
{
	atf_tc_set_md_var(tc, "descr", "It expects to exit, and then to die");
}

ATF_TC_BODY(test_expects_one_thing_and_then_another, tc)
{
	atf_tc_expect_exit(3, "first");
	atf_tc_expect_death("then");
}

ATF_TC(test_exits_by_itself);
ATF_TC_HEAD(test_exits_by_itself, tc)
{
	atf_tc_set_md_var(tc, "descr", "It leaves no result");
}

ATF_TC_BODY(test_exits_by_itself, tc)
{
	exit(0);
}

ATF_TC(test_config);
ATF_TC_HEAD(test_config, tc)
{
	atf_tc_set_md_var(tc, "descr", "It is told of variables");
}

ATF_TC_BODY(test_config, tc)
{
	atf_tc_skip("%s %s %s", atf_tc_get_config_var(tc, "color"),
	    atf_tc_get_config_var_wd(tc, "absent", "default"),
	    atf_tc_has_config_var(tc, "absent") ? "yes" : "no");
}

ATF_TC(test_srcdir);
ATF_TC_HEAD(test_srcdir, tc)
{
	atf_tc_set_md_var(tc, "descr", "It knows where it is");
}

ATF_TC_BODY(test_srcdir, tc)
{
	atf_tc_skip("%s", atf_tc_get_config_var(tc, "srcdir"));
}

ATF_TC(test_srcdir_is_a_variable);
ATF_TC_HEAD(test_srcdir_is_a_variable, tc)
{
	atf_tc_set_md_var(tc, "descr", "It finds that among the variables, too");
}

ATF_TC_BODY(test_srcdir_is_a_variable, tc)
{
	atf_tc_skip("%s", atf_tc_get_config_var(tc, "srcdir"));
}

ATF_TC(test_reason_has_spaces);
ATF_TC_HEAD(test_reason_has_spaces, tc)
{
	atf_tc_set_md_var(tc, "descr", "It says why with some space");
}

ATF_TC_BODY(test_reason_has_spaces, tc)
{
	atf_tc_fail(" two  and a\ttab ");
}

ATF_TC_WITH_CLEANUP(test_cleans);
ATF_TC_HEAD(test_cleans, tc)
{
	atf_tc_set_md_var(tc, "descr", "It has a cleanup");
}

ATF_TC_BODY(test_cleans, tc)
{
}

ATF_TC_CLEANUP(test_cleans, tc)
{
	puts("cleaned");
}

ATF_TC_WITH_CLEANUP(test_properties);
ATF_TC_HEAD(test_properties, tc)
{
	atf_tc_set_md_var(tc, "descr", "It has all properties");
	atf_tc_set_md_var(tc, "timeout", "60");
	atf_tc_set_md_var(tc, "require.user", "root");
	atf_tc_set_md_var(tc, "require.progs", "cat /bin/sh");
	atf_tc_set_md_var(tc, "require.files", "/etc/passwd /");
	atf_tc_set_md_var(tc, "require.arch", "amd64 x86_64");
	atf_tc_set_md_var(tc, "require.machine", "amd64 x86_64");
	atf_tc_set_md_var(tc, "require.config", "color");
	atf_tc_set_md_var(tc, "require.memory", "1M");
	atf_tc_set_md_var(tc, "X-own", "a value: of its own");
}

ATF_TC_BODY(test_properties, tc)
{
}

ATF_TC_CLEANUP(test_properties, tc)
{
	puts("cleaned");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, test_passes);
	ATF_TP_ADD_TC(tp, test_passes_explicitly);
	ATF_TP_ADD_TC(tp, test_fails);
	ATF_TP_ADD_TC(tp, test_skips);
	ATF_TP_ADD_TC(tp, test_checks_fail);
	ATF_TP_ADD_TC(tp, test_a_check_fails_before_the_end);
	ATF_TP_ADD_TC(tp, test_expects_failure);
	ATF_TP_ADD_TC(tp, test_expects_failures);
	ATF_TP_ADD_TC(tp, test_expects_failure_and_then_none);
	ATF_TP_ADD_TC(tp, test_expects_failure_in_vain);
	ATF_TP_ADD_TC(tp, test_expects_failure_in_vain_and_goes_on);
	ATF_TP_ADD_TC(tp, test_expects_failure_and_passes);
	ATF_TP_ADD_TC(tp, test_expects_exit);
	ATF_TP_ADD_TC(tp, test_expects_any_exit);
	ATF_TP_ADD_TC(tp, test_expects_exit_in_vain);
	ATF_TP_ADD_TC(tp, test_expects_exit_and_fails);
	ATF_TP_ADD_TC(tp, test_expects_exit_and_passes);
	ATF_TP_ADD_TC(tp, test_expects_signal);
	ATF_TP_ADD_TC(tp, test_expects_any_signal);
	ATF_TP_ADD_TC(tp, test_expects_signal_in_vain);
	ATF_TP_ADD_TC(tp, test_expects_death);
	ATF_TP_ADD_TC(tp, test_expects_death_in_vain);
	ATF_TP_ADD_TC(tp, test_expects_timeout_in_vain);
	ATF_TP_ADD_TC(tp, test_expects_timeout);
	ATF_TP_ADD_TC(tp, test_expects_one_thing_and_then_another);
	ATF_TP_ADD_TC(tp, test_exits_by_itself);
	ATF_TP_ADD_TC(tp, test_config);
	ATF_TP_ADD_TC(tp, test_srcdir);
	ATF_TP_ADD_TC(tp, test_srcdir_is_a_variable);
	ATF_TP_ADD_TC(tp, test_reason_has_spaces);
	ATF_TP_ADD_TC(tp, test_cleans);
	ATF_TP_ADD_TC(tp, test_properties);

	return atf_no_error();
}

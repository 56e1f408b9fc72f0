#! /usr/bin/env atf-sh
# The test cases of t_cases.py by atf-sh, but for those that go on after a failed check, which it cannot,
# and those that fail or pass where they expect to end otherwise, which it has no words for.

atf_test_case test_passes
test_passes_head() {
	atf_set descr "It passes"
}
test_passes_body() {
	:
}

atf_test_case test_passes_explicitly
test_passes_explicitly_head() {
	atf_set descr "It says that it passes"
}
test_passes_explicitly_body() {
	atf_pass
}

atf_test_case test_fails
test_fails_head() {
	atf_set descr "It fails"
}
test_fails_body() {
	atf_fail "a reason: with a colon"
}

atf_test_case test_skips
test_skips_head() {
	atf_set descr "It is skipped"
}
test_skips_body() {
	atf_skip "not today"
}

atf_test_case test_expects_failure
test_expects_failure_head() {
	atf_set descr "It fails as expected"
}
test_expects_failure_body() {
	atf_expect_fail "a bug"
	atf_fail "it is there"
}

atf_test_case test_expects_failure_in_vain
test_expects_failure_in_vain_head() {
	atf_set descr "It does not fail, as it should"
}
test_expects_failure_in_vain_body() {
	atf_expect_fail "a bug"
}

atf_test_case test_expects_failure_in_vain_and_goes_on
test_expects_failure_in_vain_and_goes_on_head() {
	atf_set descr "It does not fail, and expects no more to"
}
test_expects_failure_in_vain_and_goes_on_body() {
	atf_expect_fail "a bug"
	atf_expect_pass
}

atf_test_case test_expects_failure_and_passes
test_expects_failure_and_passes_head() {
	atf_set descr "It says that it passes, and should fail"
}
test_expects_failure_and_passes_body() {
	atf_expect_fail "a bug"
	atf_pass
}

atf_test_case test_expects_exit
test_expects_exit_head() {
	atf_set descr "It exits"
}
test_expects_exit_body() {
	atf_expect_exit 3 "with a status"
	exit 3
}

atf_test_case test_expects_any_exit
test_expects_any_exit_head() {
	atf_set descr "It exits, with any status"
}
test_expects_any_exit_body() {
	atf_expect_exit -1 "with any status"
	exit 5
}

atf_test_case test_expects_exit_in_vain
test_expects_exit_in_vain_head() {
	atf_set descr "It does not exit"
}
test_expects_exit_in_vain_body() {
	atf_expect_exit 3 "with a status"
}

atf_test_case test_expects_signal
test_expects_signal_head() {
	atf_set descr "It is killed"
}
test_expects_signal_body() {
	atf_expect_signal 9 "by this one"
	kill -9 $$
}

atf_test_case test_expects_any_signal
test_expects_any_signal_head() {
	atf_set descr "It is killed by any signal"
}
test_expects_any_signal_body() {
	atf_expect_signal -1 "by any"
	kill -9 $$
}

atf_test_case test_expects_signal_in_vain
test_expects_signal_in_vain_head() {
	atf_set descr "It is not killed"
}
test_expects_signal_in_vain_body() {
	atf_expect_signal 9 "by this one"
}

atf_test_case test_expects_death
test_expects_death_head() {
	atf_set descr "It dies"
}
test_expects_death_body() {
	atf_expect_death "somehow"
	kill -9 $$
}

atf_test_case test_expects_death_in_vain
test_expects_death_in_vain_head() {
	atf_set descr "It does not die"
}
test_expects_death_in_vain_body() {
	atf_expect_death "somehow"
}

atf_test_case test_expects_timeout_in_vain
test_expects_timeout_in_vain_head() {
	atf_set descr "It does not hang"
}
test_expects_timeout_in_vain_body() {
	atf_expect_timeout "for ever"
}

atf_test_case test_expects_timeout
test_expects_timeout_head() {
	atf_set descr "It hangs"
	atf_set timeout "10"
}
test_expects_timeout_body() {
	atf_expect_timeout "for ever"
	sleep 1000
}

atf_test_case test_expects_one_thing_and_then_another
test_expects_one_thing_and_then_another_head() {
	atf_set descr "It expects to exit, and then to die"
}
test_expects_one_thing_and_then_another_body() {
	atf_expect_exit 3 "first"
	atf_expect_death "then"
}

atf_test_case test_exits_by_itself
test_exits_by_itself_head() {
	atf_set descr "It leaves no result"
}
test_exits_by_itself_body() {
	exit 0
}

atf_test_case test_config
test_config_head() {
	atf_set descr "It is told of variables"
}
test_config_body() {
	atf_skip "$(atf_config_get color) $(atf_config_get absent default)" \
	    "$(atf_config_has absent && echo yes || echo no)"
}

atf_test_case test_srcdir
test_srcdir_head() {
	atf_set descr "It knows where it is"
}
test_srcdir_body() {
	atf_skip "$(atf_get_srcdir)"
}

atf_test_case test_reason_has_spaces
test_reason_has_spaces_head() {
	atf_set descr "It says why with some space"
}
test_reason_has_spaces_body() {
	atf_fail " two  and a	tab "
}

atf_test_case test_cleans cleanup
test_cleans_head() {
	atf_set descr "It has a cleanup"
}
test_cleans_body() {
	:
}
test_cleans_cleanup() {
	echo cleaned
}

atf_test_case test_properties cleanup
test_properties_head() {
	atf_set descr "It has all properties"
	atf_set timeout "60"
	atf_set require.user "root"
	atf_set require.progs "cat /bin/sh"
	atf_set require.files "/etc/passwd /"
	atf_set require.arch "amd64 x86_64"
	atf_set require.machine "amd64 x86_64"
	atf_set require.config "color"
	atf_set require.memory "1M"
	atf_set X-own "a value: of its own"
}
test_properties_body() {
	:
}
test_properties_cleanup() {
	echo cleaned
}

atf_init_test_cases() {
	atf_add_test_case test_passes
	atf_add_test_case test_passes_explicitly
	atf_add_test_case test_fails
	atf_add_test_case test_skips
	atf_add_test_case test_expects_failure
	atf_add_test_case test_expects_failure_in_vain
	atf_add_test_case test_expects_failure_in_vain_and_goes_on
	atf_add_test_case test_expects_failure_and_passes
	atf_add_test_case test_expects_exit
	atf_add_test_case test_expects_any_exit
	atf_add_test_case test_expects_exit_in_vain
	atf_add_test_case test_expects_signal
	atf_add_test_case test_expects_any_signal
	atf_add_test_case test_expects_signal_in_vain
	atf_add_test_case test_expects_death
	atf_add_test_case test_expects_death_in_vain
	atf_add_test_case test_expects_timeout_in_vain
	atf_add_test_case test_expects_timeout
	atf_add_test_case test_expects_one_thing_and_then_another
	atf_add_test_case test_exits_by_itself
	atf_add_test_case test_config
	atf_add_test_case test_srcdir
	atf_add_test_case test_reason_has_spaces
	atf_add_test_case test_cleans
	atf_add_test_case test_properties
}

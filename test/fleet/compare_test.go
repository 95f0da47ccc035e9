// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// difference is an aspect of a case that a way shows otherwise than the server does directly.
type difference struct {
	server, testCase, way, aspect string
	direct, got, nginx, haproxy   string
	// reason is why the controller answered by itself, if it did.
	reason string
}

func (d difference) String() string {
	return fmt.Sprintf("%s, %s, %s: %s is %q directly, %q through us, %q through nginx, %q through HAProxy",
		d.server, d.testCase, d.way, d.aspect, d.direct, d.shown(), d.nginx, d.haproxy)
}

// shown is what came, with the reason.
func (d difference) shown() string {
	if d.reason == "" {
		return d.got
	}
	return d.got + " " + d.reason
}

// differ returns the aspects in which a way differs from what the server showed directly, the first time or the second.
// An aspect in which these two differ is the server's to change, from the one to the other.
func differ(first, second, got observation) []string {
	names := map[string]bool{}
	for _, o := range []observation{first, second, got} {
		for name := range o {
			names[name] = true
		}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		step, aspect := split(name)
		if aspect == "reason" || unsteady(first, second, step) || first[name] != second[name] || got[name] == first[name] {
			continue
		}
		// What answers in the server's place says the same in other words.
		if got[step+"reason"] != "" && aspect != "status" && aspect != "end" {
			continue
		}
		all = append(all, name)
	}
	return significant(all)
}

// unsteady reports whether a server gave no whole answer to a step, or two that differ in more than what they say. Many
// close a connection with a request's content unread, and then it is chance whether a client still gets the answer.
func unsteady(first, second observation, step string) bool {
	return first[step+"status"] != second[step+"status"] || first[step+"end"] != second[step+"end"] || first[step+"end"] != string(complete)
}

// significant leaves out what follows from another difference of the same step: an answer of another status has another
// content.
func significant(names []string) []string {
	decided := map[string]bool{}
	for _, name := range names {
		if step, aspect := split(name); aspect == "status" || aspect == "end" {
			decided[step] = true
		}
	}
	var all []string
	for _, name := range names {
		step, aspect := split(name)
		if aspect == "end" || aspect == "status" && !slices.Contains(names, step+"end") || !decided[step] {
			all = append(all, name)
		}
	}
	return all
}

// split returns the number of a step with the space behind it, and the rest of an aspect.
func split(name string) (step, aspect string) {
	if number, rest, ok := strings.Cut(name, " "); ok && strings.Trim(number, "0123456789") == "" {
		return number + " ", rest
	}
	return "", name
}

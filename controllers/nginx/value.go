// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
)

// reader is what a Name has for reading a value.
type reader = func(t *Terms, value string) (fault string)

// boolean returns a reader of a switch.
func boolean(at func(*Terms) *bool) reader {
	return func(t *Terms, value string) (fault string) {
		on, err := strconv.ParseBool(value)
		if err != nil {
			return rules.Quote(value) + ` is neither true nor false: write "true" or "false"`
		}
		*at(t) = on
		return ""
	}
}

// number returns a reader of a whole number within bounds.
func number(at func(*Terms) *int, least, most int) reader {
	return func(t *Terms, value string) (fault string) {
		n, err := strconv.Atoi(value)
		if err != nil || n < least || n > most {
			text := rules.Quote(value) + " is no whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
			if most == math.MaxInt32 {
				text = rules.Quote(value) + " is no whole number that is " + strconv.Itoa(least) + " or more"
			}
			return text + ": write one such as \"" + strconv.Itoa(max(least, min(most, 10))) + "\""
		}
		*at(t) = n
		return ""
	}
}

// seconds returns a reader of a time in seconds. ingress-nginx knew no unit here.
func seconds(at func(*Terms) *time.Duration) reader {
	return func(t *Terms, value string) (fault string) {
		n, err := strconv.Atoi(value)
		if err == nil && n >= 0 && n <= math.MaxInt32 {
			*at(t) = time.Duration(n) * time.Second
			return ""
		}
		instead := "60"
		if d, err := time.ParseDuration(value); err == nil && d >= time.Second {
			instead = strconv.Itoa(int(d / time.Second))
		}
		return rules.Quote(value) + " is no whole number of seconds: write \"" + instead + "\", without a unit"
	}
}

// text returns a reader that keeps the value as it is.
func text(at func(*Terms) *string) reader {
	return func(t *Terms, value string) (fault string) {
		*at(t) = value
		return ""
	}
}

// oneOf returns a reader of a word.
func oneOf(at func(*Terms) *string, words ...string) reader {
	return func(t *Terms, value string) (fault string) {
		if !slices.Contains(words, value) {
			return rules.Quote(value) + " is unknown: write " + strings.Join(words, " or ")
		}
		*at(t) = value
		return ""
	}
}

// addresses returns a reader of a list of addresses and ranges.
func addresses(at func(*Terms) *[]netip.Prefix) reader {
	return func(t *Terms, value string) (fault string) {
		var list []netip.Prefix
		for _, listed := range fields(value) {
			prefix, ok := kinds.AddressRange(listed)
			if !ok {
				return rules.Quote(listed) + " is neither an address such as 10.0.50.7 nor a range such as 10.0.0.0/8: write those, with commas between them"
			}
			list = append(list, prefix)
		}
		if len(list) == 0 {
			return "it lists no address: write some such as 10.0.0.0/8, with commas between them, or take it off"
		}
		*at(t) = prefixSet(list)
		return ""
	}
}

// prefixSet sorts prefixes, and takes out duplicates.
func prefixSet(list []netip.Prefix) []netip.Prefix {
	slices.SortFunc(list, netip.Prefix.Compare)
	return slices.Compact(list)
}

// fields returns the parts of a list that commas or spaces divide.
func fields(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
}

// readSize reads a size as nginx writes it. 0 is for no bound.
func readSize(value string) (size int64, fault string) {
	digits, unit := value, int64(1)
	if n := len(value); n > 0 {
		switch value[n-1] | 0x20 {
		case 'k':
			digits, unit = value[:n-1], 1<<10
		case 'm':
			digits, unit = value[:n-1], 1<<20
		case 'g':
			digits, unit = value[:n-1], 1<<30
		}
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || digits != strings.TrimLeft(digits, "+") {
		return 0, rules.Quote(value) + ` is no size: write a number with k, m or g, such as "8m", or "0" for no bound`
	}
	return int64(n) * unit, ""
}

// isOff returns whether the value of a switch is off.
func isOff(value string) bool {
	on, err := strconv.ParseBool(strings.ToLower(value))
	return strings.EqualFold(value, "off") || err == nil && !on
}

// isZero returns whether a limit is none.
func isZero(value string) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n == 0
}

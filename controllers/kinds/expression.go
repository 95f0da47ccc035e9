// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

const (
	// maxExpression bounds the length of an expression, in bytes.
	maxExpression = 1024
	// maxProgram bounds what an expression is compiled to, in instructions: see programSize. A{1000} alone takes 1112.
	maxProgram = 1200
)

// ExpressionFault returns why an expression cannot be used, or nothing. field is where its author finds it.
//
// A matcher of RE2 takes time that grows with the value times the program, and the length of an expression says little
// of its program: repetitions multiply.
func ExpressionFault(field, text string) string {
	if len(text) > maxExpression {
		return field + " is longer than " + strconv.Itoa(maxExpression) + " bytes: write a shorter expression"
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return field + " " + rules.Quote(text) + " is no regular expression of RE2: " + rules.Clip(err.Error())
	}
	size, err := programSize(parsed)
	if err != nil {
		return field + " " + rules.Quote(text) + " is no regular expression of RE2: " + rules.Clip(err.Error())
	}
	if size > maxProgram {
		return field + " " + rules.Quote(text) + " takes more memory than an expression may: repeat less, and classes such as \\pL least"
	}
	if _, err := regexp.Compile(text); err != nil { // what matches compiles it once more
		return field + " " + rules.Quote(text) + " is no regular expression of RE2: " + rules.Clip(err.Error())
	}
	return ""
}

// programSize returns about what an expression takes when it is compiled, in instructions: 100 bytes each. An
// instruction for a class of characters takes more, by the ranges of the class. It has them once for itself, and once
// for the program that does without backtracking: \pL takes as much as 130 others.
func programSize(of *syntax.Regexp) (int, error) {
	program, err := syntax.Compile(of.Simplify())
	if err != nil {
		return 0, err
	}
	const own = 10 // what every expression takes
	ends := 0
	for i := range program.Inst {
		ends += len(program.Inst[i].Rune)
	}
	return own + len(program.Inst) + ends/10, nil
}

// OpenExpression returns what a rule matches whose path is an open expression, or why it can match nothing.
func OpenExpression(path string) (match rules.Match, fault string) {
	match = rules.Match{Path: path, Type: snapshot.MatchOpenExpression, Beginning: "/"}
	if fault = ExpressionFault("path", path); fault == "" {
		fault = ExpressionFault("path", snapshot.OpenExpressionPattern(path))
	}
	read, err := snapshot.ReadOpenExpression(path)
	if fault != "" || err != nil {
		match.Senseless = true
		return match, fault
	}
	match.Beginning, match.Asks = cmp.Or(read.Text, "/"), read.Then == snapshot.ThenMatch
	return match, ""
}

// CanaryExpressions returns the expressions of a canary, which each of its rules has. It returns nil if there is none.
func CanaryExpressions(c *rules.Canary) []rules.Expression {
	return addExpression(nil, c.HeaderPattern, false)
}

// Expressions returns the expressions of a rule, all of which can be used. It returns nil if there is none. Those of a
// canary are not among them.
func Expressions(r *rules.Rule) []rules.Expression {
	list := policyExpressions(r.Policies)
	if r.Expression != nil && r.Expression.Asks {
		list = addExpression(list, snapshot.OpenExpressionPattern(r.Expression.Path), true)
	}
	if r.Match.Type == snapshot.MatchExpression {
		list = addExpression(list, r.Match.Path, false)
	}
	if c := r.Match.Conditions; c != nil {
		for _, of := range [][]snapshot.Condition{c.Headers, c.Cookies, c.Query} {
			for i := range of {
				if of[i].Match == snapshot.ValueRegularExpression {
					list = addExpression(list, of[i].Value, false)
				}
			}
		}
	}
	return list
}

// policyExpressions returns the expressions of policies.
func policyExpressions(policies []policy.Policy) (list []rules.Expression) {
	for _, p := range policies {
		switch p := p.(type) {
		case *policy.Rewrite:
			list = addPathChange(list, &p.Path)
		case *policy.Redirect:
			list = addPathChange(list, &p.Path)
		case *policy.LocationRewrite:
			list = addChanges(list, p.Changes)
		case *policy.CookieRewrite:
			list = addChanges(addChanges(list, p.Domains), p.Paths)
		case *policy.Script:
			for _, text := range p.Expressions() {
				list = addExpression(list, text, true)
			}
		}
	}
	return list
}

func addChanges(list []rules.Expression, changes []policy.ValueChange) []rules.Expression {
	for i := range changes {
		list = addExpression(list, changes[i].Expression, true)
	}
	return list
}

func addPathChange(list []rules.Expression, change *policy.PathChange) []rules.Expression {
	if !change.Compiles() {
		return list
	}
	return addExpression(list, change.Expression, true)
}

// addExpression adds an expression that the list does not have yet. An empty text is none.
func addExpression(list []rules.Expression, text string, part bool) []rules.Expression {
	if text == "" || slices.ContainsFunc(list, func(e rules.Expression) bool { return e.Text == text && e.Part == part }) {
		return list
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return list
	}
	size, err := programSize(parsed)
	if err != nil {
		return list
	}
	return append(list, rules.Expression{Text: text, Part: part, Size: size})
}

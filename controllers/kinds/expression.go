// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"regexp"
	"regexp/syntax"
	"strconv"

	"github.com/warren-dev/ingress/controllers/rules"
)

const (
	// maxExpression bounds the length of an expression, in bytes.
	maxExpression = 1024
	// maxProgram bounds what an expression is compiled to, in instructions: about 40 bytes each. A{1000} alone takes 1000.
	maxProgram = 4096
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
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return field + " " + rules.Quote(text) + " is no regular expression of RE2: " + rules.Clip(err.Error())
	}
	if len(program.Inst) > maxProgram {
		return field + " " + rules.Quote(text) + " takes more memory than an expression may: repeat less"
	}
	if _, err := regexp.Compile(text); err != nil { // what matches compiles it once more
		return field + " " + rules.Quote(text) + " is no regular expression of RE2: " + rules.Clip(err.Error())
	}
	return ""
}

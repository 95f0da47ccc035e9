// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/xml"
	"io"
	"strings"
)

// junitSuite is a report as CI systems read it: what JUnit's Ant task writes, of which there is no specification.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
	Out      string      `xml:"system-out,omitempty"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes a case for each thing that was checked.
func (r *checkReport) writeJUnit(w io.Writer) error {
	suite := junitSuite{Name: "warren-ingress check", Tests: len(r.all), Failures: len(r.Findings), Out: strings.Join(r.Notes, "\n")}
	for i := range r.all {
		c := &r.all[i]
		one := junitCase{Class: c.Object, Name: "object"}
		if c.Where != "" {
			one.Name = c.Where + " " + shownHost(c.Host) + c.Path
		}
		if c.Verdict != "" {
			one.Failure = &junitFailure{Type: c.Verdict, Message: c.Verdict + " " + c.Reason, Text: c.Message}
		}
		suite.Cases = append(suite.Cases, one)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// The kinds of flags below are those of package flag with errors that say what to write instead.

// durationValue is a flag of a time that is not negative.
type durationValue time.Duration

func durationFlag(to *time.Duration, value time.Duration) *durationValue {
	*to = value
	return (*durationValue)(to)
}

// String implements flag.Value.
func (d *durationValue) String() string { return time.Duration(*d).String() }

// Set implements flag.Value.
func (d *durationValue) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return errors.New("write a time with its unit that is not negative, such as 30s or 1m30s")
	}
	*d = durationValue(v)
	return nil
}

// intValue is a flag of a whole number within bounds.
type intValue struct {
	to          *int
	least, most int
}

// unbounded is the upper bound of numbers that have none of their own.
const unbounded = math.MaxInt32

func intFlag(to *int, value, least, most int) *intValue {
	*to = value
	return &intValue{to: to, least: least, most: most}
}

// String implements flag.Value.
func (v *intValue) String() string {
	if v.to == nil { // package flag asks the zero value for what is no default worth showing
		return "0"
	}
	return strconv.Itoa(*v.to)
}

// Set implements flag.Value.
func (v *intValue) Set(s string) error {
	n, err := strconv.Atoi(s)
	switch {
	case err == nil && n >= v.least && n <= v.most:
		*v.to = n
		return nil
	case v.most == unbounded:
		return fmt.Errorf("write a whole number, %d or more", v.least)
	}
	return fmt.Errorf("write a whole number from %d to %d", v.least, v.most)
}

// fractionValue is a flag of a part of something, from none to all of it.
type fractionValue float64

func fractionFlag(to *float64, value float64) *fractionValue {
	*to = value
	return (*fractionValue)(to)
}

// String implements flag.Value.
func (f *fractionValue) String() string { return strconv.FormatFloat(float64(*f), 'g', -1, 64) }

// Set implements flag.Value.
func (f *fractionValue) Set(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v <= 1) {
		return errors.New("write a number from 0 to 1, such as 0.05")
	}
	*f = fractionValue(v)
	return nil
}

// boolValue is a flag that is true when it is given without a value.
type boolValue bool

func boolFlag(to *bool, value bool) *boolValue {
	*to = value
	return (*boolValue)(to)
}

// String implements flag.Value.
func (b *boolValue) String() string { return strconv.FormatBool(bool(*b)) }

// Set implements flag.Value.
func (b *boolValue) Set(s string) error {
	v, err := strconv.ParseBool(s)
	if err != nil {
		return errors.New("write true or false")
	}
	*b = boolValue(v)
	return nil
}

// IsBoolFlag tells package flag that the value can be left out.
func (b *boolValue) IsBoolFlag() bool { return true }

// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"strconv"
)

// location names a path of an Ingress as the object has it, the whole rule, or what all of them are of.
func (i *ingress) location(rule, path int) string {
	switch {
	case rule == wholeIngress:
		return "metadata"
	case i.isDefault(int32(rule)):
		return "defaultBackend"
	}
	text := "rules[" + strconv.Itoa(rule) + "]"
	if path == wholeRule {
		return text
	}
	if i.standard != nil {
		text += ".http"
	}
	return text + ".paths[" + strconv.Itoa(path) + "]"
}

// SPDX-License-Identifier: Apache-2.0

package orders

import "testing"

func TestAnOrderIsAtTheServerOfTheDirectory(t *testing.T) {
	const directory = "https://acme.example.com/directory"
	for orderURL, want := range map[string]bool{
		"https://acme.example.com/order/1":           true,
		"http://acme.example.com/order/1":            false,
		"https://acme.example.com:8443/order/1":      false,
		"https://acme.example.com.evil.test/order/1": false,
		"https://acme.example.com@evil.test/order/1": false,
		"//acme.example.com/order/1":                 false,
		"https://%zz/":                               false,
	} {
		if got := sameServer(orderURL, directory); got != want {
			t.Errorf("%s is at the server of %s: %v, want %v", orderURL, directory, got, want)
		}
	}
}

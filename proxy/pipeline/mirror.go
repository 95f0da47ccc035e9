// SPDX-License-Identifier: Apache-2.0

package pipeline

// mirror sends the copies.
func (x *Exchange) mirror() {
	if x.Copies.Made() { // before the phases that complete a request
		x.Copies.Complete(x.Respelled(), x.MarkField())
	}
	x.CopyForMirrors()
	x.Copies.Send(x.Head.HasContent(), &x.upload)
}

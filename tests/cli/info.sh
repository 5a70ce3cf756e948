# SPDX-License-Identifier: BSD-3-Clause
# snn info on configurations and on what it cannot show; every shipped configuration.
. "$abs_top_srcdir/tests/cli/lib.sh"

for file in "$configs"/*.yaml "$configs"/arms/*.yaml; do
    run 0 info "$file"
done
run 0 info "$configs/ssc-3l-2kc.yaml"
out_has '^  network.hidden +\[512, 512, 512\] neurons'
out_has '^  delay.kernel_count +2'
run 0 info --json "$configs/ssc-3l-2kc.yaml"
out_has '^\{"event":"info","file":".*ssc-3l-2kc.yaml","type":"configuration","configuration":\{.*"network.hidden":\[512, 512, 512\].*"delay.version":"gauss".*\}\}$'

printf 'train:\n  epochs: 3\n  eposch: 4\n' >bad.yaml
run 1 info bad.yaml
err_has "^snn: bad.yaml:3: key 'eposch' is unknown in section 'train'; did you mean 'epochs'\?"
printf 'neuron:\n  tau_ms: 5\n' >bad.yaml
run 1 info bad.yaml
err_has '^snn: neuron.tau_ms: tau_ms 5 is shorter than data.time_step_ms 10'
run 1 train bad.yaml --data . --set train.epochs=0
err_has '^snn: train.epochs=0: train.epochs is 0, but must be in \[1, 1000000\] epochs'

# One bad file does not hide the next.
run 1 info nofile "$configs/shd.yaml"
err_has '^snn: nofile: cannot be opened'
out_has '^.*shd.yaml: configuration'
: >empty.h5
run 1 info empty.h5
err_has '^snn: empty.h5: is empty'
echo hello >text.h5
run 1 info text.h5
err_has '^snn: text.h5: is no HDF5 file'
mkdir folder
run 1 info folder
err_has '^snn: folder: '
run 1 eval folder
err_has '^snn: folder: is a folder without model.h5'
run 1 eval text.h5
err_has '^snn: text.h5: is no HDF5 file'
run 0 info -q "$configs/shd.yaml"
tap_done

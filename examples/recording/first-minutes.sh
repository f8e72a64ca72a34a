# A project, and the first build of the firmware
cairn init fridges --slug fridges --base-url https://ota.example.com --to dir:public
cd fridges
cairn upload-ota-payload --software-type main --hardware-version mp --software-version 1.0.0 ../1.0.0.bin
cairn deploy-release --release-version 1.0.0 --cohort default
cairn publish
# The next release goes to 10 % of the devices first
cairn upload-ota-payload --software-type main --hardware-version mp --software-version 1.1.0 ../1.1.0.bin
cairn deploy-release --release-version 1.1.0 --cohort default --rollout-percent 10
cairn plan
cairn publish
# What does a device get? A file says it
cairn explain --device-serial FRIDGE-4 --hardware-version mp --software-type main --current-version 1.0.0 | head -3
cat public/fridges/v1/latest/main/mp/default/1.0.0/8b.txt
# 1.1.0 stalls the compressor: stop it, now
cairn abort-rollout --cohort default --reason "stalls the compressor" --publish
wc -c public/fridges/v1/latest/main/mp/default/1.0.0/8b.txt

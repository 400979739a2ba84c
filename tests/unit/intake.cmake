# services/intake: the core's decisions, folds and queries on a bed.
wb_library(wb_intake_kit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/intake_kit.c DEPS wb_bed wb_svc_intake)
foreach(part complaint query registry report ticket)
  wb_test(intake_${part}_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/intake_${part}_test.c DEPS wb_intake_kit)
endforeach()

# Tests over HTTP on a whole cell of real processes (cell.py). Each starts a cell of its own on a free port.
set(WB_CELL_PROGRAMS weibao-up weibao-journal weibao-gateway weibao-identity weibao-intake weibao-dispatch
  weibao-sla-timer weibao-survey weibao-reporting)
function(wb_cell_test name tier)
  add_test(NAME ${tier}.${name} COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/system/${name}_test.py
    ${CMAKE_BINARY_DIR}/bin ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${tier}.${name} PROPERTIES LABELS ${tier} TIMEOUT 600)
endfunction()
wb_cell_test(first_run system)
wb_cell_test(bad_input system)
wb_cell_test(walls system)
wb_cell_test(audit system)
wb_cell_test(walkthrough system)
wb_cell_test(files system)
wb_cell_test(sealed system)
wb_cell_test(service_form system)
wb_cell_test(up system)
wb_cell_test(crash fault)

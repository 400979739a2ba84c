wb_library(wb_reporting_story SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/reporting_story.c DEPS wb_bed wb_svc_reporting)
wb_test(reporting_tickets TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/reporting_tickets.c
  DEPS wb_reporting_story)
wb_test(reporting_search TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/reporting_search.c
  DEPS wb_reporting_story)
wb_test(reporting_views TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/reporting_views.c
  DEPS wb_reporting_story)
wb_test(reporting_total TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/reporting_total.c
  DEPS wb_reporting_story wb_wire)

wb_test(survey_rating_test TIER unit SOURCES ${CMAKE_CURRENT_LIST_DIR}/survey_rating_test.c
  ${CMAKE_CURRENT_LIST_DIR}/survey_given.c DEPS wb_bed wb_svc_survey)
wb_test(survey_call_test TIER unit SOURCES ${CMAKE_CURRENT_LIST_DIR}/survey_call_test.c
  ${CMAKE_CURRENT_LIST_DIR}/survey_given.c DEPS wb_bed wb_svc_survey)

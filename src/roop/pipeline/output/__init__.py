"""What is made besides the pictures: names, records of jobs, kept frames."""

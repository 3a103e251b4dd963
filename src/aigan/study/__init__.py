"""The paper's user study as a product: which method do people prefer?"""
